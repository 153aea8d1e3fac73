import { isQueryable, toAsciiDomain } from '../dns/domain-name.ts'
import { DnsError, type Resolver } from '../dns/resolver.ts'
import { ParseError } from '../parse-error.ts'
import { macroValue, type SpfCheck, targetName } from './context.ts'
import { expandText } from './expand.ts'
import { parseClientAddress } from './ip-address.ts'
import { limitLookups } from './lookups.ts'
import { type MacroString, parseMacroString } from './macro.ts'
import { matches } from './mechanisms.ts'
import { isSpfRecord, type Mechanism, parseSpfRecord, type SpfRecord } from './record.ts'

export interface SpfInput {
  /** Address of the SMTP client. */
  ip: string
  helo: string
  /** The reverse path without angle brackets, '' for the null sender. */
  mailFrom: string
  resolver: Resolver
  /** Our host name, told in explanations. */
  receiver?: string
  /** Epoch milliseconds, told in explanations. */
  now?: number
}

export interface SpfResult {
  result: 'none' | 'neutral' | 'pass' | 'fail' | 'softfail' | 'temperror' | 'permerror'
  /** The domain whose record was asked for: of the reverse path, or of HELO when that is null. '' for what is no domain name. */
  domain: string
  /** What the domain's owner tells about a `fail`: printable ASCII. */
  explanation: string | null
  /** The term that matched, as published; null when none did. */
  mechanism: string | null
}

/** Whether the client may use the domain of the reverse path: `check_host()` of RFC 7208 §4. Never throws for what the DNS says. */
export async function checkSpf(input: SpfInput): Promise<SpfResult> {
  const sender = splitSender(input)
  const domain = toDomainName(sender.domain)
  const client = parseClientAddress(input.ip)
  const nothing = { domain: domain ?? '', explanation: null, mechanism: null }
  if (!domain?.includes('.') || !client) return { ...nothing, result: 'none' }
  const check: SpfCheck = {
    client,
    helo: toAsciiDomain(input.helo) ?? input.helo.slice(0, MAX_TEXT),
    localPart: sender.localPart.slice(0, MAX_TEXT),
    senderDomain: domain,
    receiver: input.receiver ?? 'unknown',
    now: input.now ?? Date.now(),
    lookups: limitLookups(input.resolver),
  }
  try {
    const { result, mechanism, ...verdict } = await checkHost(check, domain)
    return {
      domain,
      result,
      mechanism,
      explanation: result === 'fail' ? await explain(check, verdict, input.resolver) : null,
    }
  } catch (error) {
    if (error instanceof ParseError) return { ...nothing, result: 'permerror' }
    if (error instanceof DnsError) return { ...nothing, result: 'temperror' }
    throw error
  }
}

const MAX_TEXT = 512

/** Null for an IP address too, as some clients call themselves: no top-level domain is a number (RFC 3696 §2). */
function toDomainName(text: string): string | null {
  const ascii = toAsciiDomain(text)
  return ascii === null || /(?:^|\.)\d+$/.test(ascii) ? null : ascii
}

/** RFC 7208 §2.4: a null reverse path stands for postmaster of the HELO name; §4.3: a missing local part is postmaster too. */
function splitSender({ mailFrom, helo }: SpfInput): { localPart: string; domain: string } {
  if (mailFrom === '') return { localPart: 'postmaster', domain: helo }
  const at = mailFrom.lastIndexOf('@')
  return { localPart: mailFrom.slice(0, Math.max(at, 0)) || 'postmaster', domain: mailFrom.slice(at + 1) }
}

interface Verdict {
  result: Exclude<SpfResult['result'], 'temperror' | 'permerror'>
  mechanism: string | null
  /** The domain whose record decided, and its `exp`. */
  decidedBy: string
  explanation: MacroString | null
}

const RESULTS = { '+': 'pass', '-': 'fail', '~': 'softfail', '?': 'neutral' } as const

/** Errors are thrown: they end the outermost check too, through `include` (RFC 7208 §5.2) and `redirect` alike. */
async function checkHost(check: SpfCheck, domain: string): Promise<Verdict> {
  const record = await findRecord(check, domain)
  if (!record) return { result: 'none', mechanism: null, decidedBy: domain, explanation: null }
  for (const { mechanism, qualifier, text } of record.directives) {
    if (!(await decides(check, domain, mechanism))) continue
    return { result: RESULTS[qualifier], mechanism: text, decidedBy: domain, explanation: record.explanation }
  }
  if (record.redirect) return follow(check, domain, record.redirect)
  return { result: 'neutral', mechanism: null, decidedBy: domain, explanation: null }
}

async function findRecord(check: SpfCheck, domain: string): Promise<SpfRecord | null> {
  if (!domain.includes('.') || !isQueryable(domain)) return null
  const [record, second] = (await check.lookups.texts(domain)).filter(isSpfRecord)
  if (second !== undefined) throw new ParseError('more than one SPF record')
  return record === undefined ? null : parseSpfRecord(record)
}

async function decides(check: SpfCheck, domain: string, mechanism: Mechanism): Promise<boolean> {
  if (mechanism.kind !== 'include') return matches(check, domain, mechanism)
  return (await follow(check, domain, mechanism.target)).result === 'pass'
}

/** Checks another domain in place of this one. RFC 7208 §5.2 and §6.1: it must have a record. */
async function follow(check: SpfCheck, domain: string, target: MacroString): Promise<Verdict> {
  check.lookups.countTerm()
  const verdict = await checkHost(check, await targetName(check, domain, target))
  if (verdict.result === 'none') throw new ParseError('no SPF record to follow')
  return verdict
}

/** RFC 7208 §6.2: whatever goes wrong here, the result stands without an explanation. Asked past the limits, once. */
async function explain(
  check: SpfCheck,
  from: Pick<Verdict, 'decidedBy' | 'explanation'>,
  resolver: Resolver,
): Promise<string | null> {
  if (!from.explanation) return null
  try {
    const name = await targetName(check, from.decidedBy, from.explanation)
    const [strings, second] = isQueryable(name) ? await resolver.txt(name) : []
    if (!strings || second) return null
    const pieces = parseMacroString(strings.join('').slice(0, MAX_EXPLANATION + 1), true)
    const text = await expandText(pieces, macroValue(check, from.decidedBy), MAX_EXPLANATION)
    return text && /^[\x20-\x7e]+$/.test(text) ? text : null
  } catch (error) {
    if (error instanceof ParseError || error instanceof DnsError) return null
    throw error
  }
}

const MAX_EXPLANATION = 2048
