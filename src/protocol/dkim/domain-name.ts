import { domainToASCII } from 'node:url'
import { ParseError } from '../parse-error.ts'

const LABELS = /^[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_][a-z0-9_-]{0,62})*$/

/** The A-label form, in lower case, of a domain or selector given as latin1 bytes; U-labels are UTF-8 (RFC 8616 §5). */
export function toAsciiName(bytes: string): string {
  const lower = bytes.toLowerCase()
  const ascii = /^[\x21-\x7e]*$/.test(lower) ? lower : domainToASCII(Buffer.from(bytes, 'latin1').toString('utf8'))
  if (ascii.length > 253 || !LABELS.test(ascii)) throw new ParseError('not a domain name')
  return ascii
}

/** The same, for a name that has to have a dot (RFC 6376 §3.5, `domain-name`). */
export function toAsciiDomain(bytes: string): string {
  const ascii = toAsciiName(bytes)
  if (!ascii.includes('.')) throw new ParseError('not a domain name')
  return ascii
}
