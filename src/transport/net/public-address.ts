import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

// IANA's special-purpose registries (RFC 6890), plus multicast and the retired 6to4 relays.
const RESERVED_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
].map((cidr) => ipaddr.IPv4.parseCIDR(cidr))

/** Of IPv6 only this is routed in the world; what else there is, loopback to multicast, lies outside. */
const GLOBAL_V6 = ipaddr.IPv6.parseCIDR('2000::/3')
// Teredo and ORCHID are in the first; documentation is in 2001:db8 and 3fff; 5f00 is for segment routing.
const RESERVED_V6 = ['2001::/23', '2001:db8::/32', '2620:4f:8000::/48', '3fff::/20'].map((cidr) =>
  ipaddr.IPv6.parseCIDR(cidr),
)

const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96')
const SIX_TO_FOUR = ipaddr.IPv6.parseCIDR('2002::/16')

/** `allowed` is what the operator opened although it is not public. */
export type AddressVerdict = 'public' | 'allowed' | 'blocked'

/** Judges where a request may go. */
export class AddressPolicy {
  readonly #allowed: [Address, number][]

  constructor(allowNet: readonly string[]) {
    this.#allowed = allowNet.map((cidr) => ipaddr.parseCIDR(cidr))
  }

  judge(text: string): AddressVerdict {
    if (!ipaddr.isValid(text)) return 'blocked'
    // A zone (`fe80::1%eth0`) names an interface of ours; nothing public has one.
    const address = ipaddr.process(text)
    if (address instanceof ipaddr.IPv6 && address.zoneId !== undefined) return 'blocked'
    if (this.#allowed.some((range) => contains(range, address))) return 'allowed'
    return isPublic(address) ? 'public' : 'blocked'
  }
}

/** True for addresses that are somebody's on the internet. Forms that embed an IPv4 address are judged by it. */
export function isPublicAddress(text: string): boolean {
  return ipaddr.isValid(text) && isPublic(ipaddr.process(text))
}

function isPublic(address: Address): boolean {
  if (address instanceof ipaddr.IPv4) return !RESERVED_V4.some((range) => address.match(range))
  if (address.match(NAT64)) return isPublic(embedded(address, 12))
  if (!address.match(GLOBAL_V6) || RESERVED_V6.some((range) => address.match(range))) return false
  if (address.match(SIX_TO_FOUR)) return isPublic(embedded(address, 2))
  return !isIsatap(address) || isPublic(embedded(address, 12))
}

/** RFC 5214 §6.1: an interface identifier of 0000:5efe or 0200:5efe with the IPv4 address behind it. */
function isIsatap(address: ipaddr.IPv6): boolean {
  return ((address.parts[4] ?? 0) & 0xfdff) === 0 && address.parts[5] === 0x5efe
}

function embedded(address: ipaddr.IPv6, offset: number): ipaddr.IPv4 {
  return new ipaddr.IPv4(address.toByteArray().slice(offset, offset + 4))
}

function contains([network, bits]: [Address, number], address: Address): boolean {
  return network.kind() === address.kind() && address.match(network, bits)
}
