import { parseKeyRecord } from '../../protocol/dkim/key-record.ts'
import { parseDmarcRecord } from '../../protocol/dmarc/record.ts'
import type { MxRecord } from '../../protocol/dns/resolver.ts'
import { ParseError } from '../../protocol/parse-error.ts'
import { isSpfRecord, parseSpfRecord } from '../../protocol/spf/record.ts'
import type { DnsRecord } from './dns-records.ts'
import type { RecordState } from './model.ts'

const MAX_FOUND = 10
const MAX_TEXT = 1024

export const missing: RecordState = { status: 'missing', reason: null, found: [] }

/** Ours must be among the hosts with the lowest preference: the others only see mail when those are away. */
export function judgeMx(records: readonly MxRecord[], host: string): RecordState {
  const found = records.map(({ priority, exchange }) => `${priority} ${exchange || '.'}`)
  const lowest = Math.min(...records.map((mx) => mx.priority))
  const first = records.filter((mx) => mx.priority === lowest)
  return stateOf(
    found,
    first.some((mx) => mx.exchange.toLowerCase() === host.toLowerCase()),
  )
}

/** The name must be another name for ours. */
export function judgeCname(names: readonly string[], host: string): RecordState {
  return stateOf(
    names,
    names.some((name) => name.toLowerCase() === host.toLowerCase()),
  )
}

/** TXT records of the name, each with its strings joined, held against the record that we ask for. */
export function judgeTxt({ purpose, name, value }: DnsRecord, texts: readonly string[]): RecordState {
  if (purpose === 'spf') return judgeSpf(texts, value, name)
  return purpose === 'dkim' ? judgeDkim(texts, value) : judgeDmarc(texts)
}

function judgeSpf(texts: readonly string[], value: string, name: string): RecordState {
  // RFC 7208 §4.5: other texts at this name are none of our business; two records are an error for every receiver.
  const records = texts.filter(isSpfRecord)
  const [only] = records
  if (only === undefined) return missing
  if (records.length > 1) return duplicate(records)
  return stateOf(records, passes(only, mechanismOf(value), name))
}

function mechanismOf(value: string): string {
  return value.split(' ')[1] ?? ''
}

// What stands behind `all` is never reached (RFC 7208 §5.1).
function passes(record: string, ours: string, name: string): boolean {
  const directives = readSpf(record)
  const end = directives.findIndex(({ mechanism }) => mechanism.kind === 'all')
  const reached = end < 0 ? directives : directives.slice(0, end)
  const accepted = new Set([ours, `${ours}:${name}`])
  return reached.some(({ qualifier, text }) => qualifier === '+' && accepted.has(bare(text)))
}

function readSpf(record: string) {
  try {
    return parseSpfRecord(record).directives
  } catch (error) {
    if (error instanceof ParseError) return []
    throw error
  }
}

const bare = (text: string) => text.toLowerCase().replace(/^\+/, '').replace(/\.$/, '')

function judgeDkim(texts: readonly string[], value: string): RecordState {
  // RFC 6376 §3.6.2.2: one record for each selector; which of several a receiver takes nobody knows.
  if (texts.length > 1) return duplicate(texts)
  return stateOf(texts, keyIn(texts[0] ?? '') === keyIn(value))
}

function keyIn(record: string): string | undefined {
  try {
    return parseKeyRecord(record.trim()).publicKey
  } catch (error) {
    if (error instanceof ParseError) return undefined
    throw error
  }
}

function judgeDmarc(texts: readonly string[]): RecordState {
  // RFC 9989 §4.10: texts of other kinds are passed over, and several records are none.
  const records = texts.filter((text) => parseDmarcRecord(text) !== null)
  if (records.length > 1) return duplicate(records)
  return stateOf(texts, records.length === 1 && parseDmarcRecord(records[0] ?? '')?.usable === true)
}

function stateOf(found: readonly string[], valid: boolean): RecordState {
  return valid
    ? { status: 'valid', reason: null, found: shown(found) }
    : { status: 'invalid', reason: 'mismatch', found: shown(found) }
}

function duplicate(found: readonly string[]): RecordState {
  return { status: 'invalid', reason: 'duplicate', found: shown(found) }
}

// The DNS has bytes; people mean UTF-8.
function shown(found: readonly string[]): string[] {
  return found.slice(0, MAX_FOUND).map((text) => Buffer.from(text, 'latin1').toString('utf8').slice(0, MAX_TEXT))
}
