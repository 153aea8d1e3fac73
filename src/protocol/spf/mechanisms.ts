import { isWithin } from '../dns/domain-name.ts'
import { ParseError } from '../parse-error.ts'
import type { SpfCheck } from './context.ts'
import { targetName } from './context.ts'
import { type IpAddress, inNetwork } from './ip-address.ts'
import { MAX_NAMES } from './lookups.ts'
import type { Mechanism } from './record.ts'

type Of<Kind extends Mechanism['kind']> = Extract<Mechanism, { kind: Kind }>

/** Whether the mechanism matches the client (RFC 7208 §5). `include` is left to the caller: it is a check of its own. */
export async function matches(
  check: SpfCheck,
  domain: string,
  mechanism: Exclude<Mechanism, { kind: 'include' }>,
): Promise<boolean> {
  if (mechanism.kind === 'all') return true
  if (mechanism.kind === 'ip') return inNetwork(check.client, mechanism.network, mechanism.prefix)
  check.lookups.countTerm()
  switch (mechanism.kind) {
    case 'a':
      return matchesA(check, domain, mechanism)
    case 'mx':
      return matchesMx(check, domain, mechanism)
    case 'ptr':
      return matchesPtr(check, domain, mechanism)
    case 'exists':
      return matchesExists(check, domain, mechanism)
  }
}

async function matchesA(check: SpfCheck, domain: string, mechanism: Of<'a' | 'mx'>): Promise<boolean> {
  const name = await targetName(check, domain, mechanism.target)
  return anyInNetwork(check.client, await check.lookups.addresses(name, check.client), mechanism)
}

async function matchesMx(check: SpfCheck, domain: string, mechanism: Of<'a' | 'mx'>): Promise<boolean> {
  const exchanges = await check.lookups.exchanges(await targetName(check, domain, mechanism.target))
  if (exchanges.length > MAX_NAMES) throw new ParseError('too many mail exchangers')
  for (const exchange of exchanges) {
    const addresses = await check.lookups.hostAddresses(exchange, check.client)
    if (anyInNetwork(check.client, addresses, mechanism)) return true
  }
  return false
}

async function matchesPtr(check: SpfCheck, domain: string, mechanism: Of<'ptr'>): Promise<boolean> {
  const target = await targetName(check, domain, mechanism.target)
  const names = await check.lookups.validatedNames(check.client)
  return target !== '' && names.some((name) => isWithin(name, target))
}

/** RFC 7208 §5.7: type A is asked for, also for a client on IPv6. */
async function matchesExists(check: SpfCheck, domain: string, mechanism: Of<'exists'>): Promise<boolean> {
  const name = await targetName(check, domain, mechanism.target)
  return (await check.lookups.addresses(name, [0, 0, 0, 0])).length > 0
}

function anyInNetwork(client: IpAddress, addresses: readonly IpAddress[], mechanism: Of<'a' | 'mx'>): boolean {
  const prefix = client.length === 4 ? mechanism.prefix4 : mechanism.prefix6
  return addresses.some((address) => inNetwork(client, address, prefix))
}
