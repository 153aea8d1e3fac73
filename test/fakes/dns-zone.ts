import { DnsError, type MxRecord, type Resolver } from '../../src/protocol/dns/resolver.ts'
import { dottedAddress, parseClientAddress } from '../../src/protocol/spf/ip-address.ts'

/** The records of one name. `timeout` or `servfail`: types not listed here are never answered, or answered with an error. */
export interface FakeRecords {
  /** A text, or the strings of one record. */
  txt?: readonly (string | readonly string[])[]
  a?: readonly string[]
  aaaa?: readonly string[]
  /** In the order of preference where only names are given. */
  mx?: readonly (string | MxRecord)[]
  ptr?: readonly string[]
  cname?: string
  timeout?: boolean
  servfail?: boolean
}

/** A resolver that remembers its questions, as `TXT example.com`. */
export interface FakeResolver extends Resolver {
  readonly questions: string[]
}

type RecordType = 'txt' | 'a' | 'aaaa' | 'mx' | 'ptr'

/** The DNS as a record of names, case and trailing dots ignored. Reverse names (`…in-addr.arpa`) hold `ptr`. */
export function fakeResolver(zone: Readonly<Record<string, FakeRecords>>): FakeResolver {
  const names = new Map(Object.entries(zone).map(([name, records]) => [canonical(name), records]))
  const questions: string[] = []

  async function ask<Type extends RecordType>(type: Type, asked: string): Promise<NonNullable<FakeRecords[Type]>> {
    questions.push(`${type.toUpperCase()} ${asked}`)
    const question = `${type} ${asked}`
    let name = canonical(asked)
    for (let hops = 0; hops < 9; hops++) {
      const records = names.get(name)
      if (!records) throw new DnsError(hasBelow(name) ? 'nodata' : 'nxdomain', question)
      const answer = records[type]
      if (answer && answer.length > 0) return answer
      if (records.timeout) throw new DnsError('timeout', question)
      if (records.servfail) throw new DnsError('servfail', question)
      if (records.cname === undefined) throw new DnsError('nodata', question)
      name = canonical(records.cname)
    }
    throw new DnsError('servfail', `${question}: CNAME loop`)
  }

  // A name without records of its own exists when there is one below it (RFC 8020).
  const hasBelow = (name: string) => [...names.keys()].some((other) => other.endsWith(`.${name}`))

  return {
    questions,
    txt: async (name) => (await ask('txt', name)).map((text) => (typeof text === 'string' ? [text] : [...text])),
    a: async (name) => [...(await ask('a', name))],
    aaaa: async (name) => [...(await ask('aaaa', name))],
    mx: async (name) => (await ask('mx', name)).map(toMx),
    cname: async (name) => {
      questions.push(`CNAME ${name}`)
      const target = names.get(canonical(name))?.cname
      if (target === undefined) throw new DnsError('nodata', `cname ${name}`)
      return [undotted(target)]
    },
    ptr: async (address) => (await ask('ptr', reverseName(address))).map(undotted),
  }
}

function toMx(record: string | MxRecord, index: number): MxRecord {
  const { exchange, priority } = typeof record === 'string' ? { exchange: record, priority: 10 * (index + 1) } : record
  return { exchange: undotted(exchange), priority }
}

function reverseName(address: string): string {
  const octets = parseClientAddress(address)
  if (!octets) throw new DnsError('nxdomain', `ptr ${address}`)
  return `${dottedAddress(octets).split('.').reverse().join('.')}.${octets.length === 4 ? 'in-addr' : 'ip6'}.arpa`
}

const undotted = (name: string) => name.replace(/\.$/, '')
const canonical = (name: string) => undotted(name).toLowerCase()
