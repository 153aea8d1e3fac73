import { DnsError, type Resolver } from '../../protocol/dns/resolver.ts'
import type { MailHost } from './destinations.ts'

/** With this many no answer, more of the same host would not either. */
const MAX_PER_HOST = 6

export interface HostAddress {
  host: string
  address: string
}

/** Why there was nothing to dial. `ours`: the next one would be us. */
export type NoAddress = 'unknown' | 'temporary' | 'refused' | 'ours'

export interface AddressOptions {
  resolver: Pick<Resolver, 'a' | 'aaaa'>
  /** False for private addresses, and others that mail must not be sent to. */
  mayConnect(address: string): boolean
  isOurs(address: string): boolean
}

/**
 * The addresses of these hosts in the order to try, IPv6 before IPv4 within each, looked up as they are needed. Hosts that have none
 * leave the reason in `without`.
 */
export async function* addressesOf(
  hosts: readonly MailHost[],
  options: AddressOptions,
  without: Set<NoAddress>,
): AsyncGenerator<HostAddress, void> {
  for (const equals of Map.groupBy(hosts, (host) => host.preference).values()) {
    const found = await Promise.all(equals.map(async ({ name }) => ({ name, ...(await lookUp(name, options)) })))
    // RFC 5321 §5.1: where we are one of them, neither this group nor the worse ones are tried.
    if (found.some(({ addresses }) => addresses.some(options.isOurs))) return void without.add('ours')
    for (const { name, addresses, problem } of found) {
      const open = addresses.filter(options.mayConnect)
      for (const address of open.slice(0, MAX_PER_HOST)) yield { host: name, address }
      if (open.length === 0) without.add(addresses.length > 0 ? 'refused' : problem)
    }
  }
}

interface LookedUp {
  addresses: string[]
  /** What it means when there are none. */
  problem: 'unknown' | 'temporary'
}

async function lookUp(name: string, { resolver }: AddressOptions): Promise<LookedUp> {
  const asked = await Promise.allSettled([resolver.aaaa(name), resolver.a(name)])
  const addresses: string[] = []
  let problem: LookedUp['problem'] = 'unknown'
  for (const answer of asked) {
    if (answer.status === 'fulfilled') addresses.push(...answer.value)
    else if (!(answer.reason instanceof DnsError)) throw answer.reason
    else if (answer.reason.temporary) problem = 'temporary'
  }
  return { addresses, problem }
}
