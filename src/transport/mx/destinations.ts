import { toAsciiDomain } from '../../protocol/dns/domain-name.ts'
import { DnsError, type MxRecord, type Resolver } from '../../protocol/dns/resolver.ts'
import { type Answer, refusedHere } from '../smtp-client/answer.ts'

/** Nobody needs more, and a hostile zone could name thousands. */
const MAX_HOSTS = 20

/** A host that takes mail for a domain. Hosts of one preference are equals. */
export interface MailHost {
  name: string
  preference: number
}

/** Where mail for a domain goes, best first; or why it goes nowhere. */
export type Destination = { hosts: MailHost[] } | { refused: Answer }

export interface DestinationOptions {
  resolver: Pick<Resolver, 'mx'>
  /** Our own name: mail must not come back to us. */
  mailHost: string
  /** From 0 to below 1, for the order among equals. */
  random?: () => number
}

/** The mail hosts of a domain (RFC 5321 §5.1), from its MX records or, without any, itself. */
export async function findDestination(domain: string, options: DestinationOptions): Promise<Destination> {
  const name = toAsciiDomain(domain)
  if (name === null) return refuse(553, '5.1.2', 'This is no domain that mail can be sent to')
  try {
    return choose(name, await options.resolver.mx(name), options)
  } catch (error) {
    if (!(error instanceof DnsError)) throw error
    // A domain that is there but names nobody takes its mail itself: the implicit MX.
    if (error.code === 'nodata') return choose(name, [{ exchange: name, priority: 0 }], options)
    if (error.code === 'nxdomain') return refuse(550, '5.1.2', 'The domain does not exist')
    return refuse(451, '4.4.3', 'The DNS does not answer for the domain')
  }
}

function choose(
  domain: string,
  records: MxRecord[],
  { mailHost, random = Math.random }: DestinationOptions,
): Destination {
  const named = records.filter((record) => record.exchange !== '')
  // RFC 7505 §4.1
  if (named.length === 0) return refuse(556, '5.1.10', 'The domain takes no mail (null MX)')
  const ours = named.filter((record) => record.exchange.toLowerCase() === mailHost.toLowerCase())
  const limit = Math.min(...ours.map((record) => record.priority))
  const before = named.filter((record) => record.priority < limit)
  // RFC 5321 §5.1: a relay that finds itself goes on to better hosts only, lest mail turns in a circle.
  if (before.length === 0) return refuse(550, '5.4.6', `Mail for ${domain} loops back to us`)
  const order = before.map((record) => ({ record, key: random() }))
  order.sort((a, b) => a.record.priority - b.record.priority || a.key - b.key)
  // The DNS may hold any bytes; what is no host name could be looked up nowhere, and would end in our records.
  const hosts = order.flatMap(({ record }) => {
    const name = toAsciiDomain(record.exchange)
    return name === null ? [] : [{ name, preference: record.priority }]
  })
  if (hosts.length === 0) return refuse(550, '5.4.4', `The mail hosts of ${domain} have no name that could be one`)
  return { hosts: hosts.slice(0, MAX_HOSTS) }
}

function refuse(replyCode: number, enhancedCode: string, text: string): Destination {
  return { refused: refusedHere(null, replyCode, enhancedCode, text) }
}
