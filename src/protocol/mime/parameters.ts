import { decodeCharset, decodeRawHeader } from './charset.ts'
import { decodeEncodedWords } from './encoded-words.ts'

const MAX_PARAMETERS = 200

/**
 * The parameters behind a Content-Type or Content-Disposition value (raw latin1, one line): names in lower case, values as Unicode.
 * RFC 2045 §5.1 with the continuations and charsets of RFC 2231, encoded words in values (forbidden, but common), and leniency for
 * missing quotes, semicolons and blanks in unquoted file names. The first of two equal names counts; RFC 2231 forms win.
 */
export function parseParameters(text: string, from = 0): Map<string, string> {
  const values = new Map<string, string>()
  const extended = new Map<string, Segment[]>()
  for (const [name, value] of scanParameters(text, from)) {
    const section = SECTION.exec(name)
    if (section) addSegment(extended, section, value)
    else if (!values.has(name)) values.set(name, decodeSimple(name, value))
  }
  for (const [name, segments] of extended) values.set(name, joinSegments(segments))
  return values
}

/** A piece of a value by RFC 2231: `name*0`, `name*1*`; a bare `name*` is piece 0, encoded. */
interface Segment {
  index: number
  encoded: boolean
  value: string
}

const SECTION = /^([^*]+)\*(?:(\d{1,4})(\*)?)?$/

function addSegment(extended: Map<string, Segment[]>, section: RegExpExecArray, value: string): void {
  const [, name, index, star] = section
  const segments = extended.get(name!) ?? []
  segments.push({ index: Number(index ?? 0), encoded: index === undefined || star === '*', value })
  extended.set(name!, segments)
}

function decodeSimple(name: string, value: string): string {
  // A boundary is compared with the bytes of the body: it stays one char per byte.
  return name === 'boundary' ? value : decodeEncodedWords(decodeRawHeader(value))
}

/** RFC 2231 §3, §4.1: the charset stands once, in front of the first piece. A gap in the numbers does not end the value here. */
function joinSegments(segments: Segment[]): string {
  segments.sort((a, b) => a.index - b.index)
  const first = segments[0]!
  const tagged = first.encoded ? /^([^']{0,60})'[^']{0,60}'/.exec(first.value) : null
  if (tagged) first.value = first.value.slice(tagged[0].length)
  const bytes = segments.map((s) => (s.encoded ? percentDecode(s.value) : s.value)).join('')
  const text = decodeCharset(Buffer.from(bytes, 'latin1'), tagged?.[1] || null).text
  return segments.some((s) => s.encoded) ? text : decodeEncodedWords(text)
}

/** Still one char per byte. */
function percentDecode(value: string): string {
  return value.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

const NAME = /([^\s=;"(),]{1,100})\s*=\s*/y

function* scanParameters(text: string, from: number): Generator<[string, string]> {
  // After one quote without its partner no other is looked for: that keeps the walk linear.
  let quotes = true
  let at = from
  for (let count = 0; at < text.length && count < MAX_PARAMETERS; ) {
    at = skipSeparators(text, at)
    NAME.lastIndex = at
    const match = NAME.exec(text)
    if (!match) {
      at = indexOrEnd(text, ';', at)
      continue
    }
    const name = match[1]!.toLowerCase()
    const start = at + match[0].length
    const quoted = quotes && text[start] === '"' ? readQuoted(text, start, isFileName(name)) : undefined
    if (text[start] === '"' && !quoted) quotes = false
    const end = quoted ? quoted.end : indexOrEnd(text, ';', start)
    yield [name, quoted ? quoted.value : readUnquoted(name, text.slice(start, end))]
    at = end
    count++
  }
}

function isFileName(name: string): boolean {
  return name.startsWith('name') || name.startsWith('filename')
}

function skipSeparators(text: string, from: number): number {
  let at = from
  while (at < text.length && ' \t\r\n;,'.includes(text[at]!)) at++
  if (text[at] !== '(') return at
  const close = text.indexOf(')', at)
  return close < 0 ? at : skipBlank(text, close + 1)
}

function skipBlank(text: string, from: number): number {
  let at = from
  while (at < text.length && ' \t\r\n;'.includes(text[at]!)) at++
  return at
}

function indexOrEnd(text: string, wanted: string, from: number): number {
  const found = text.indexOf(wanted, from)
  return found < 0 ? text.length : found
}

/** A quoted string; undefined when it never ends. A quote in the middle of a word is taken as part of the value. */
function readQuoted(text: string, start: number, isName: boolean): { value: string; end: number } | undefined {
  let value = ''
  let from = start + 1
  for (let at = from; at < text.length; at++) {
    const char = text[at]
    if (char === '\\' && at + 1 < text.length) {
      // Old mailers put whole Windows paths there without escaping them.
      const escaped = text[at + 1] === '"' || text[at + 1] === '\\' || !isName
      value += text.slice(from, escaped ? at : at + 1)
      from = at + 1
      at++
    } else if (char === '"' && endsValue(text, at + 1, isName)) {
      return { value: value + text.slice(from, at), end: at + 1 }
    }
  }
  return undefined
}

const AFTER_NAME = /[ \t\r\n]*(?:$|[;,(]|[^\s=;"(),]{1,100}\s*=)/y

/** A blank behind the quote is enough, but in file names people write quotes of their own: there the next parameter must follow. */
function endsValue(text: string, at: number, isName: boolean): boolean {
  if (!isName) return at >= text.length || ' \t\r\n;,('.includes(text[at]!)
  AFTER_NAME.lastIndex = at
  return AFTER_NAME.test(text)
}

function readUnquoted(name: string, raw: string): string {
  const value = raw.trim().replace(/^"/, '')
  // `charset=us-ascii (Plain text)`, but `filename=Report (1).pdf`.
  return isFileName(name) ? value : value.replace(/[\s(].*$/s, '')
}
