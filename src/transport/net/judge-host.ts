import { isIP } from 'node:net'
import { Failure } from '../../core/errors.ts'
import type { Resolver } from '../../protocol/dns/resolver.ts'
import type { AddressPolicy } from './public-address.ts'

/** Names that only mean something on our side of the wall (RFC 6761, RFC 6762, RFC 8375, RFC 9476). */
const INNER_NAME = /^[^.]+$|(^|\.)(localhost|local|internal|intranet|lan|home\.arpa|test|invalid|onion|alt)$/

export interface HostOptions {
  resolver: Resolver
  policy: AddressPolicy
}

/**
 * The addresses of a host, each of them judged: one that is not public and was not opened by the operator refuses the whole name with
 * `url_blocked`. `opened`: the operator opened all of them. A name without any is a `fetch_failed`.
 */
export async function judgeHost(
  host: string,
  { resolver, policy }: HostOptions,
): Promise<{ addresses: string[]; opened: boolean }> {
  const addresses = isIP(host) ? [host] : await resolve(host, resolver, policy)
  const verdicts = addresses.map((address) => policy.judge(address))
  if (verdicts.includes('blocked')) throw blocked('The URL leads to an address that is not public')
  const opened = verdicts.every((verdict) => verdict === 'allowed')
  if (!opened && !isIP(host) && INNER_NAME.test(host)) throw blocked('The URL names a host that is not public')
  return { addresses, opened }
}

async function resolve(host: string, resolver: Resolver, policy: AddressPolicy): Promise<string[]> {
  // RFC 6761 §6.3: never asked of the DNS. Where only one of the two is open, that one is meant.
  if (host === 'localhost' || host.endsWith('.localhost')) {
    const open = ['127.0.0.1', '::1'].filter((address) => policy.judge(address) === 'allowed')
    return open.length > 0 ? open : ['127.0.0.1']
  }
  const answers = await Promise.allSettled([resolver.a(host), resolver.aaaa(host)])
  const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  if (addresses.length === 0) throw new Failure('fetch_failed', 'The host of the URL cannot be found')
  return addresses
}

function blocked(message: string): Failure {
  return new Failure('url_blocked', message)
}
