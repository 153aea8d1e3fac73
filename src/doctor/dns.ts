import { domainToASCII } from 'node:url'
import type { Config } from '../config.ts'
import { parseDmarcRecord } from '../protocol/dmarc/record.ts'
import { DnsError, type Resolver } from '../protocol/dns/resolver.ts'
import { checkSpf } from '../protocol/spf/check.ts'
import { type Finding, fail, ok, type Status, warn } from './finding.ts'

/** What the checks of the DNS go by. */
export interface DnsContext {
  config: Config
  resolver: Resolver
}

// RFC 6761, RFC 2606: these lead nowhere, so nothing needs to be published.
const PRIVATE = /(^|\.)(localhost|test|invalid|local|internal)$/

/** True for names that the DNS of the world does not know. With resolvers of our own they may be known there. */
export function isPrivate(name: string, config: Config): boolean {
  return PRIVATE.test(name) && config.POSTHOUSE_DNS === undefined
}

/** MX, SPF and DMARC of one domain. */
export async function checkDomain({ config, resolver }: DnsContext, domain: string): Promise<Finding[]> {
  if (isPrivate(domain, config)) return [ok(`dns ${domain}`, 'a name for this machine only: nothing to publish')]
  return Promise.all([
    checkMx(config, resolver, domain),
    checkSpfRecord(config, resolver, domain),
    checkDmarc(resolver, domain),
  ])
}

/** The addresses of the mail host, and that each leads back to its name: many servers refuse mail from one that does not. */
export async function checkMailHost({ config, resolver }: DnsContext): Promise<Finding[]> {
  const { mailHost } = config
  if (isPrivate(mailHost, config)) return [ok('mail host', `${mailHost} is a name for this machine only`)]
  const addresses = await addressesOf(resolver, mailHost)
  if (addresses.length === 0) {
    return [fail('mail host', `${mailHost} has no address`, `Publish an A (and AAAA) record for ${mailHost}`)]
  }
  const reverse = await Promise.all(addresses.map((address) => checkReverse(config, resolver, address)))
  return [ok('mail host', `${mailHost} is ${addresses.join(', ')}`), ...reverse]
}

async function checkReverse(
  { mailHost, POSTHOUSE_DELIVERY: route }: Config,
  resolver: Resolver,
  address: string,
): Promise<Finding> {
  const names = (await orNone(resolver.ptr(address))).map((name) => name.toLowerCase())
  const check = `reverse ${address}`
  if (names.includes(mailHost)) return ok(check, mailHost)
  const found = names.length === 0 ? 'It has no name' : `It is ${names.join(', ')}`
  const advice = `Have whoever gave you the address name it ${mailHost} (a PTR record)`
  // Who sends from another address has the name of another to care for.
  return { check, status: route.kind === 'direct' ? 'fail' : 'warn', message: found, advice }
}

async function checkMx({ mailHost }: Config, resolver: Resolver, domain: string): Promise<Finding> {
  const check = `mx ${domain}`
  const advice = `Publish: ${domain}. IN MX 10 ${mailHost}.`
  try {
    const hosts = (await resolver.mx(domain)).map(({ exchange }) => exchange.toLowerCase())
    if (hosts.includes(mailHost)) return ok(check, `mail comes to ${mailHost}`)
    return fail(check, `Mail goes to ${hosts.join(', ') || 'nobody (null MX)'}, not to ${mailHost}`, advice)
  } catch (error) {
    if (isTemporary(error)) return unanswered(check)
    return fail(check, 'There is no MX record', advice)
  }
}

async function checkSpfRecord(config: Config, resolver: Resolver, domain: string): Promise<Finding> {
  const check = `spf ${domain}`
  const advice = `Publish: ${domain}. IN TXT "v=spf1 mx ~all"`
  const texts = await textsOf(resolver, domain)
  if (!texts) return unanswered(check)
  const records = texts.filter((text) => /^v=spf1( |$)/i.test(text))
  if (records.length === 0) return { check, status: unbelieved(config), message: 'There is no SPF record', advice }
  if (records.length > 1) return fail(check, 'There are several SPF records, which is none', 'Leave one of them')
  // What goes by another server goes from an address that we do not know.
  if (config.POSTHOUSE_DELIVERY.kind !== 'direct') return ok(check, records[0] ?? '')
  for (const ip of await addressesOf(resolver, config.mailHost)) {
    const { result } = await checkSpf({ ip, helo: config.mailHost, mailFrom: `postmaster@${domain}`, resolver })
    if (result !== 'pass') return fail(check, `${ip} of ${config.mailHost} gets "${result}" by ${records[0]}`, advice)
  }
  return ok(check, records[0] ?? '')
}

async function checkDmarc(resolver: Resolver, domain: string): Promise<Finding> {
  const check = `dmarc ${domain}`
  const advice = `Publish: _dmarc.${domain}. IN TXT "v=DMARC1; p=none; rua=mailto:postmaster@${domain}"`
  const texts = await textsOf(resolver, `_dmarc.${domain}`)
  if (!texts) return unanswered(check)
  const records = texts.filter((text) => parseDmarcRecord(text) !== null)
  if (records.length === 0) return warn(check, 'There is no DMARC record', advice)
  if (records.length > 1) return warn(check, 'There are several DMARC records, which is none', 'Leave one of them')
  return ok(check, records[0] ?? '')
}

/** How bad it is when receivers cannot tell that a mail is ours: not at all for one that sends nothing outside. */
export function unbelieved({ POSTHOUSE_DELIVERY: route }: Config): Status {
  return route.kind === 'sandbox' ? 'warn' : 'fail'
}

export function unanswered(check: string): Finding {
  return warn(
    check,
    'The DNS does not answer',
    'See that the resolver (POSTHOUSE_DNS) can be reached; nothing is known until then',
  )
}

async function addressesOf(resolver: Resolver, name: string): Promise<string[]> {
  const [a, aaaa] = await Promise.all([orNone(resolver.a(name)), orNone(resolver.aaaa(name))])
  return [...a, ...aaaa]
}

/** Undefined when nobody knows now. */
async function textsOf(resolver: Resolver, name: string): Promise<string[] | undefined> {
  try {
    return (await resolver.txt(domainToASCII(name) || name)).map((strings) => strings.join(''))
  } catch (error) {
    return isTemporary(error) ? undefined : []
  }
}

async function orNone<T>(answer: Promise<T[]>): Promise<T[]> {
  return answer.catch((error: unknown) => {
    if (error instanceof DnsError) return []
    throw error
  })
}

function isTemporary(error: unknown): boolean {
  if (!(error instanceof DnsError)) throw error
  return error.temporary
}
