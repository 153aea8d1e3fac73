// An address as notices write it: no blanks, no brackets; the domain has a dot or the local part stands in quotes.
export const ADDRESS =
  /(?:"[^"\s<>]{1,64}"|[^\s<>()[\]"':;,@|/\\][^\s<>()[\]":;,@|\\]{0,120})@[\p{L}\p{N}](?:[\p{L}\p{N}.-]{0,250}[\p{L}\p{N}])?/gu

/** All addresses in a line or text, in order. */
export function findAddresses(text: string): string[] {
  return Array.from(text.matchAll(ADDRESS), (m) => m[0])
}

/** Takes off brackets, a source route and a trailing dot; null when it is no address. */
export function toAddress(value: string | null | undefined): string | null {
  if (!value) return null
  const plain = value
    .slice(0, 1000)
    .trim()
    .replace(/^.*<([^<>]*)>.*$/s, '$1')
    .replace(/^@[^:]*:/, '')
    .replace(/\.$/, '')
  if (/^[|/]/.test(plain) || /[\s<>]/.test(plain)) return findAddressBeyondPath(plain)
  return /^[^@]+@[^@]+$/.test(plain) ? plain : null
}

function findAddressBeyondPath(value: string): string | null {
  return /^[|/]/.test(value) ? null : (findAddresses(value)[0] ?? null)
}

export function sameAddress(a: string | null, b: string | null): boolean {
  return a !== null && b !== null && a.toLowerCase() === b.toLowerCase()
}
