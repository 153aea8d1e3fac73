import { networkInterfaces } from 'node:os'
import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import type { Resolver } from '../../protocol/dns/resolver.ts'
import type { GuardedFetch } from '../net/guarded-fetch.ts'
import { AddressPolicy } from '../net/public-address.ts'
import { DirectSender } from './direct-sender.ts'
import { policyFetcher } from './fetch-policy.ts'
import { StsPolicies } from './sts-policies.ts'

export interface OpenRoadOptions {
  clock: Clock
  log: Log
  resolver: Resolver
  mailHost: string
  /** CIDRs that may be reached although they are private or our own. */
  allowNet: readonly string[]
  /** What fetches MTA-STS policies. */
  web: Pick<GuardedFetch, 'fetch'>
  /** Messages to one destination; 0 is no limit. */
  perMinute: number
  /** Where mail hosts listen: 25 all over the world, another one in tests. */
  port?: number
}

/** The open road with everything it needs: whom it may dial, and where the policies of domains come from. */
export function openRoad(options: OpenRoadOptions): DirectSender {
  const { clock, log, resolver, mailHost, allowNet, web, perMinute, port = 25 } = options
  const addresses = new AddressPolicy(allowNet)
  const own = new Set(ownAddresses())
  return new DirectSender({
    ...{ clock, log, resolver, mailHost, perMinute, port },
    sts: new StsPolicies({ clock, log, resolver, fetchPolicy: policyFetcher(web) }),
    mayConnect: (address) => addresses.judge(address) !== 'blocked',
    isOurs: (address) => own.has(address) && addresses.judge(address) !== 'allowed',
  })
}

function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  return all.filter(({ internal }) => !internal).map(({ address }) => address)
}
