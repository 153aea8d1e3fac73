import { decodeRawHeader } from './charset.ts'
import type { DefectList } from './defects.ts'
import { type HeaderField, readHead } from './header-fields.ts'

/** The head of a message or body part, with the fields by lower-case name. */
export interface PartHead {
  fields: HeaderField[]
  byName: Map<string, HeaderField[]>
  bodyOffset: number
}

const LF = 10
const CR = 13
const COLON = 58
const DASH = 45
// RFC 5322 §2.1.1, with the line end.
const LINE_LIMIT = 1000

/**
 * Reads the head that begins at `start`. Two things end it besides the empty line: a boundary of a multipart around it, and text that is no
 * field, when no known field follows: someone forgot the empty line, and the text is the body. `isBoundary` tells of a line that begins with `--`.
 */
export function readPartHead(
  bytes: Buffer,
  start: number,
  isBoundary: (lineStart: number, lineEnd: number) => boolean,
  maxFields: number,
  defects: DefectList,
): PartHead {
  const { headEnd, bodyOffset } = findHeadEnd(bytes, start, isBoundary, defects)
  const { fields, skipped } = readHead(bytes, start, headEnd, maxFields, keepRead())
  if (skipped) defects.add('too-many-header-fields', `${maxFields}`)
  return { fields, byName: indexFields(fields), bodyOffset }
}

// What somebody will ask for by name: a long head in front of these must not hide them.
const READ = new Set(
  [
    'from sender reply-to to cc bcc subject date message-id in-reply-to references',
    'mime-version content-type content-transfer-encoding content-disposition content-id',
  ].flatMap((names) => names.split(' ')),
)
const MAX_LATE = 10

/** Keeps, behind the limit, the first few fields of each name that is read. */
function keepRead(): (name: string) => boolean {
  const kept = new Map<string, number>()
  return (name) => {
    const lower = name.toLowerCase()
    const count = kept.get(lower) ?? 0
    if (!READ.has(lower) || count >= MAX_LATE) return false
    kept.set(lower, count + 1)
    return true
  }
}

function findHeadEnd(
  bytes: Buffer,
  start: number,
  isBoundary: (lineStart: number, lineEnd: number) => boolean,
  defects: DefectList,
): { headEnd: number; bodyOffset: number } {
  // Where lines began that are no field, with no known field behind them yet.
  let stray = -1
  let bodyOffset = bytes.length
  let at = start
  while (at < bytes.length) {
    const lf = bytes.indexOf(LF, at)
    const next = lf < 0 ? bytes.length : lf + 1
    if (next - at > LINE_LIMIT) defects.add('header-line-too-long')
    const end = endsHead(bytes, at, next, isBoundary)
    if (end >= 0) {
      bodyOffset = end
      break
    }
    const colon = isBlank(bytes[at]!) ? (at === start ? -1 : 0) : findColon(bytes, at, next)
    if (colon < 0 && stray < 0) stray = at
    else if (colon > 0 && stray >= 0 && isKnown(bytes.toString('latin1', at, Math.min(colon, at + 40)))) {
      defects.add(
        'malformed-header-line',
        decodeRawHeader(bytes.toString('latin1', stray, Math.min(at, stray + 400))).trim(),
      )
      stray = -1
    }
    at = next
  }
  if (stray < 0) return { headEnd: at, bodyOffset }
  defects.add('no-empty-line-after-head')
  return { headEnd: stray, bodyOffset: stray }
}

/** Where the body begins when this line ends the head, else -1. */
function endsHead(
  bytes: Buffer,
  at: number,
  next: number,
  isBoundary: (lineStart: number, lineEnd: number) => boolean,
): number {
  const first = bytes[at]
  if (first === LF || (first === CR && bytes[at + 1] === LF)) return next
  return first === DASH && bytes[at + 1] === DASH && isBoundary(at, next) ? at : -1
}

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 9
}

/** Offset of the colon behind a field name (RFC 5322 §3.6.8, blanks before the colon forgiven), -1 for a line that is no field. */
function findColon(bytes: Buffer, start: number, end: number): number {
  let at = start
  while (at < end && bytes[at]! > 32 && bytes[at]! < 127 && bytes[at] !== COLON) at++
  if (at === start) return -1
  while (at < end && isBlank(bytes[at]!)) at++
  return bytes[at] === COLON && at < end ? at : -1
}

const KNOWN =
  /^(?:x-|content-|resent-|list-|arc-|dkim-|received|authentication-results|return-path|delivered-to|from|to|cc|bcc|date|subject|message-id|mime-version|reply-to|sender|references|in-reply-to|importance|priority)/i

function isKnown(name: string): boolean {
  const match = KNOWN.exec(name)
  return match !== null && (match[0].endsWith('-') || /^[ \t]*$/.test(name.slice(match[0].length)))
}

function indexFields(fields: readonly HeaderField[]): Map<string, HeaderField[]> {
  const byName = new Map<string, HeaderField[]>()
  for (const field of fields) {
    const name = field.name.toLowerCase()
    const same = byName.get(name)
    if (same) same.push(field)
    else byName.set(name, [field])
  }
  return byName
}
