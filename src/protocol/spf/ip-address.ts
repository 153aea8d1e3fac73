import { isIPv4, isIPv6 } from 'node:net'

/** An address as its octets: four of IPv4, sixteen of IPv6. */
export type IpAddress = readonly number[]

/** The address of an SMTP client. An IPv4-mapped one is IPv4 (RFC 7208 §5); the zone of a link-local one is dropped. */
export function parseClientAddress(text: string): IpAddress | null {
  const address = parseIpv4(text) ?? parseIpv6(text.replace(/%[^%]*$/, ''))
  if (!address || address.length === 4) return address
  const mapped = address.slice(0, 10).every((o) => o === 0) && address[10] === 255 && address[11] === 255
  return mapped ? address.slice(12) : address
}

/** A dotted quad of four decimal numbers without leading zeros, and no other spelling. */
export function parseIpv4(text: string): IpAddress | null {
  return isIPv4(text) ? text.split('.').map(Number) : null
}

export function parseIpv6(text: string): IpAddress | null {
  if (!isIPv6(text) || text.includes('%')) return null
  const [head = '', tail] = text.split('::')
  const left = octetsOf(head)
  if (tail === undefined) return left
  const right = octetsOf(tail)
  return [...left, ...new Array<number>(16 - left.length - right.length).fill(0), ...right]
}

function octetsOf(groups: string): number[] {
  if (groups === '') return []
  return groups.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number)
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 255]
  })
}

/** True when both are of one family and their first `prefixLength` bits are the same. */
export function inNetwork(address: IpAddress, network: IpAddress, prefixLength: number): boolean {
  if (address.length !== network.length) return false
  return network.every((octet, i) => {
    const bits = Math.min(8, Math.max(0, prefixLength - 8 * i))
    return (octet ^ (address[i] ?? 0)) >> (8 - bits) === 0
  })
}

/** The address as people write it: RFC 5952 for IPv6. */
export function formatAddress(address: IpAddress): string {
  if (address.length === 4) return address.join('.')
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((address[2 * i] ?? 0) << 8) | (address[2 * i + 1] ?? 0)).toString(16),
  )
  const zeros = longestZeroRun(groups)
  if (zeros.length < 2) return groups.join(':')
  return `${groups.slice(0, zeros.start).join(':')}::${groups.slice(zeros.start + zeros.length).join(':')}`
}

function longestZeroRun(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let length = 0
  groups.forEach((group, i) => {
    length = group === '0' ? length + 1 : 0
    if (length > best.length) best = { start: i - length + 1, length }
  })
  return best
}

/** Octets or nibbles with dots between them: what the `i` macro stands for, and reversed the name below `arpa` (RFC 7208 §7.3). */
export function dottedAddress(address: IpAddress): string {
  if (address.length === 4) return address.join('.')
  return address
    .flatMap((o) => [o >> 4, o & 15])
    .map((n) => n.toString(16).toUpperCase())
    .join('.')
}
