import { isQueryable } from '../dns/domain-name.ts'
import { DnsError, isVoid, type Resolver } from '../dns/resolver.ts'
import { ParseError } from '../parse-error.ts'
import { formatAddress, type IpAddress, parseIpv4, parseIpv6 } from './ip-address.ts'

const MAX_TERMS = 10
const MAX_VOID = 2
/** RFC 7208 §4.6.4: names of one MX or PTR answer that are followed. */
export const MAX_NAMES = 10

/** The questions one check asks, with the limits of RFC 7208 §4.6.4. Beyond them the record is in error: `ParseError`. */
export interface Lookups {
  /** Called once for each term that asks the DNS. */
  countTerm(): void
  /** The records of type A, or of type AAAA for an IPv6 client; none when the name has none. */
  addresses(name: string, client: IpAddress): Promise<IpAddress[]>
  /** The same, for the names an MX record gave: not counted when void, since the term asked only for the MX. */
  hostAddresses(name: string, client: IpAddress): Promise<IpAddress[]>
  exchanges(name: string): Promise<string[]>
  texts(name: string): Promise<string[]>
  /** Names the client's address points to and that point back to it; errors count as no name (RFC 7208 §5.5). Asked once. */
  validatedNames(client: IpAddress): Promise<string[]>
}

export function limitLookups(resolver: Resolver): Lookups {
  let terms = 0
  let voids = 0
  let validated: Promise<string[]> | undefined
  async function counted<T>(name: string, ask: (name: string) => Promise<T[]>): Promise<T[]> {
    if (!isQueryable(name)) return []
    const answers = await orNone(ask(name))
    if (answers.length === 0 && ++voids > MAX_VOID) throw new ParseError('too many void lookups')
    return answers
  }
  const ofFamily = (client: IpAddress) => (name: string) => addressesOf(resolver, name, client)
  return {
    countTerm() {
      if (++terms > MAX_TERMS) throw new ParseError('too many terms that ask the DNS')
    },
    addresses: (name, client) => counted(name, ofFamily(client)),
    hostAddresses: async (name, client) => (isQueryable(name) ? orNone(addressesOf(resolver, name, client)) : []),
    exchanges: async (name) => (await counted(name, (n) => resolver.mx(n))).map((mx) => mx.exchange),
    texts: async (name) =>
      isQueryable(name) ? (await orNone(resolver.txt(name))).map((strings) => strings.join('')) : [],
    validatedNames: (client) => (validated ??= findValidatedNames(resolver, client)),
  }
}

async function addressesOf(resolver: Resolver, name: string, client: IpAddress): Promise<IpAddress[]> {
  const [texts, parse] =
    client.length === 4 ? [await resolver.a(name), parseIpv4] : [await resolver.aaaa(name), parseIpv6]
  return texts.map(parse).filter((address) => address !== null)
}

async function orNone<T>(question: Promise<T[]>): Promise<T[]> {
  try {
    return await question
  } catch (error) {
    if (isVoid(error)) return []
    throw error
  }
}

async function findValidatedNames(resolver: Resolver, client: IpAddress): Promise<string[]> {
  const text = formatAddress(client)
  const names = await orNoneOnError(resolver.ptr(text))
  const validated: string[] = []
  for (const name of names.slice(0, MAX_NAMES).filter(isQueryable)) {
    const addresses = await orNoneOnError(addressesOf(resolver, name, client))
    if (addresses.some((address) => formatAddress(address) === text)) validated.push(name)
  }
  return validated
}

async function orNoneOnError<T>(question: Promise<T[]>): Promise<T[]> {
  try {
    return await question
  } catch (error) {
    if (error instanceof DnsError) return []
    throw error
  }
}
