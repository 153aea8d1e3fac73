import { domainToASCII } from 'node:url'

const HOST_NAME = /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/

/**
 * A domain as the DNS knows it: A-labels (RFC 5890 §2.3.2.1), lower case, no trailing dot. Null for what no name of a mail domain
 * can be: an address literal, an empty or too long label, more than 253 characters (RFC 1035 §2.3.4).
 */
export function toAsciiDomain(text: string): string | null {
  if (text.length > 1000) return null
  const ascii = toALabels(text.endsWith('.') ? text.slice(0, -1) : text).toLowerCase()
  return ascii.length <= 253 && HOST_NAME.test(ascii) ? ascii : null
}

/** True when a question can be composed from the name: printable ASCII in labels of 1 to 63 octets, 253 in all. */
export function isQueryable(name: string): boolean {
  return (
    name.length <= 253 && /^[\x20-\x7e]+$/.test(name) && name.split('.').every((l) => l.length > 0 && l.length < 64)
  )
}

/** True when the name is the domain itself or lies below it. Both without trailing dots; case ignored. */
export function isWithin(name: string, domain: string): boolean {
  const inner = name.toLowerCase()
  const outer = domain.toLowerCase()
  return inner === outer || inner.endsWith(`.${outer}`)
}

function toALabels(text: string): string {
  if (/^[\x00-\x7f]*$/.test(text)) return text
  // `domainToASCII` reads its input as the host of a URL and would cut at a slash or a colon.
  return /[\x00-\x2c\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f]/.test(text) ? '' : domainToASCII(text)
}
