import { ParseError } from '../parse-error.ts'
import { type IpAddress, parseIpv4, parseIpv6 } from './ip-address.ts'
import { type MacroString, parseDomainSpec, parseMacroString } from './macro.ts'

export type Qualifier = '+' | '-' | '~' | '?'

/** RFC 7208 §5. A `target` of null stands for the domain that is being checked. */
export type Mechanism =
  | { kind: 'all' }
  | { kind: 'include'; target: MacroString }
  | { kind: 'exists'; target: MacroString }
  | { kind: 'a' | 'mx'; target: MacroString | null; prefix4: number; prefix6: number }
  | { kind: 'ptr'; target: MacroString | null }
  | { kind: 'ip'; network: IpAddress; prefix: number }

export interface Directive {
  qualifier: Qualifier
  mechanism: Mechanism
  /** The term as published. */
  text: string
}

export interface SpfRecord {
  directives: Directive[]
  redirect: MacroString | null
  explanation: MacroString | null
}

// Long records exist (flattened includes), but none of this length is read by anybody else.
const MAX_LENGTH = 16_384

/** RFC 7208 §4.5: the version ends at a space or at the end of the record. */
export function isSpfRecord(text: string): boolean {
  return /^v=spf1(?: |$)/i.test(text)
}

/** The whole record is read before any of it is used: an error anywhere spoils it (RFC 7208 §4.6). */
export function parseSpfRecord(text: string): SpfRecord {
  if (!isSpfRecord(text)) throw new ParseError('not an SPF record')
  if (text.length > MAX_LENGTH) throw new ParseError('SPF record too long')
  const record: SpfRecord = { directives: [], redirect: null, explanation: null }
  for (const term of text.split(' ').slice(1)) {
    if (term !== '') readTerm(record, term)
  }
  return record
}

const MODIFIER = /^([a-z][a-z0-9_.-]*)=(.*)$/is

function readTerm(record: SpfRecord, term: string): void {
  const modifier = MODIFIER.exec(term)
  if (!modifier) {
    record.directives.push(parseDirective(term))
    return
  }
  const [, name = '', value = ''] = modifier
  const known = ({ redirect: 'redirect', exp: 'explanation' } as const)[name.toLowerCase()]
  if (!known) {
    parseMacroString(value)
    return
  }
  // RFC 7208 §6: each of the two at most once.
  if (record[known]) throw new ParseError(`${name} twice`)
  record[known] = parseDomainSpec(value)
}

function parseDirective(text: string): Directive {
  const match = /^([+?~-]?)([a-z0-9]+)(.*)$/is.exec(text)
  if (!match) throw new ParseError('neither mechanism nor modifier')
  const [, qualifier = '', name = '', rest = ''] = match
  return { qualifier: (qualifier || '+') as Qualifier, mechanism: parseMechanism(name.toLowerCase(), rest), text }
}

function parseMechanism(name: string, rest: string): Mechanism {
  switch (name) {
    case 'all':
      if (rest !== '') break
      return { kind: 'all' }
    case 'include':
    case 'exists':
      return { kind: name, target: requiredTarget(rest) }
    case 'ptr':
      return { kind: 'ptr', target: optionalTarget(rest) }
    case 'a':
    case 'mx':
      return parseHostMechanism(name, rest)
    case 'ip4':
      return parseNetwork(rest, parseIpv4, 32)
    case 'ip6':
      return parseNetwork(rest, parseIpv6, 128)
  }
  throw new ParseError('unknown mechanism')
}

function requiredTarget(rest: string): MacroString {
  if (!rest.startsWith(':')) throw new ParseError('mechanism without a domain')
  return parseDomainSpec(rest.slice(1))
}

function optionalTarget(rest: string): MacroString | null {
  return rest === '' ? null : requiredTarget(rest)
}

/** A domain may hold slashes too, so the `dual-cidr-length` (RFC 7208 §5.6) is what stands at the end. */
function parseHostMechanism(kind: 'a' | 'mx', rest: string): Mechanism {
  const lengths = /(?:\/(\d{1,3}))?(?:\/\/(\d{1,3}))?$/.exec(rest)
  const target = optionalTarget(rest.slice(0, lengths?.index))
  return { kind, target, prefix4: prefixLength(lengths?.[1], 32), prefix6: prefixLength(lengths?.[2], 128) }
}

function parseNetwork(rest: string, parse: (text: string) => IpAddress | null, max: number): Mechanism {
  const match = /^:([^/]+)(?:\/(\d{1,3}))?$/.exec(rest)
  const network = match ? parse(match[1] ?? '') : null
  if (!network) throw new ParseError('not a network')
  return { kind: 'ip', network, prefix: prefixLength(match?.[2], max) }
}

function prefixLength(digits: string | undefined, max: number): number {
  if (digits === undefined) return max
  if (Number(digits) > max || (digits.startsWith('0') && digits !== '0')) throw new ParseError('not a prefix length')
  return Number(digits)
}
