import {
  forwardedMessage,
  gluedVerbs,
  type HeaderKind,
  headerLabels,
  months,
  openers,
  originalMessage,
  verbs,
} from './reply-words.ts'

/** A line of a mail; `quoted` when it is marked as somebody else's words. */
export interface ReadLine {
  text: string
  quoted: boolean
}

/** The lines `[from, end)` announce a quote. A `sure` one needs no quote marks behind it. */
export interface QuoteHeader {
  end: number
  sure: boolean
}

const MAX_LINES = 6
const MAX_CHARS = 500

export const isBlank = (text: string | undefined) => text === undefined || text.trim() === ''

/** The header that begins at line `at`: an attribution, a block of From/Sent/To/Subject, or "--- Original Message ---". */
export function quoteHeaderAt(lines: readonly ReadLine[], at: number): QuoteHeader | undefined {
  const first = lines[at]!.text
  if (first.length > MAX_CHARS) return undefined
  return originalMessageAt(lines, at) ?? headerBlockAt(lines, at) ?? attributionAt(lines, at)
}

/** A mail sent on, not answered: what stands below it is meant to be read. */
export function isForwardMark(text: string): boolean {
  const words = dashedWords(text) ?? withoutColon(text.trim())
  return words.length < 60 && words.length !== text.length && startsWithAny(words.toLowerCase(), forwardedMessage)
}

function withoutColon(line: string): string {
  return line.endsWith(':') || line.endsWith('：') ? line.slice(0, -1).trimEnd() : line
}

function originalMessageAt(lines: readonly ReadLine[], at: number): QuoteHeader | undefined {
  const words = dashedWords(lines[at]!.text)
  if (words === undefined || !startsWithAny(words.toLowerCase(), originalMessage)) return undefined
  let next = at + 1
  while (next < lines.length && next < at + 3 && isBlank(lines[next]!.text)) next++
  const block = next < lines.length ? headerBlockAt(lines, next) : undefined
  return { end: block?.end ?? at + 1, sure: true }
}

/** What stands between two runs of at least two dashes, underscores, stars or equals signs. */
function dashedWords(text: string): string | undefined {
  const line = text.trim()
  if (line.length > 200 || !/^[-_=*]{2}/.test(line) || !/[-_=*]{2}$/.test(line)) return undefined
  return trimMarks(line).normalize('NFC')
}

function startsWithAny(text: string, words: readonly string[]): boolean {
  return words.some((word) => text.startsWith(word))
}

function trimMarks(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && ' \t-_=*|'.includes(text[from]!)) from++
  while (to > from && ' \t-_=*|'.includes(text[to - 1]!)) to--
  return text.slice(from, to)
}

const ADDRESS = /[\w.+=-]@[\w-]{1,63}\.\w/
const MAX_BLOCK = 30
const BEGINNINGS: ReadonlySet<HeaderKind> = new Set(['from', 'date', 'subject'])

// "Name: Ann" directly above "From: …" is a form that somebody filled in.
const isField = (text: string | undefined) =>
  text !== undefined && /^[ *]{0,4}[\p{L} ]{2,20}[*]?[:：] ?\S/u.test(text) && !text.includes('://')

// Outlook, Windows Mail, Zimbra: labels on lines of their own, bold or not, values wrapped, at times a blank line between.
function headerBlockAt(lines: readonly ReadLine[], at: number): QuoteHeader | undefined {
  const first = labelOf(lines[at]!.text)
  if (!first || !BEGINNINGS.has(first.kind) || isField(lines[at - 1]?.text)) return undefined
  const kinds = new Set<HeaderKind>()
  let end = at
  let address = false
  let digits = false
  let apart = 0
  for (let i = at; i < lines.length && i < at + MAX_BLOCK && apart <= 3; i++) {
    const line = lines[i]!
    if (line.quoted) break
    const label = labelOf(line.text)
    if (label && !(isBlank(lines[i - 1]?.text) && kinds.has(label.kind))) {
      kinds.add(label.kind)
      end = i + 1
      apart = 0
      if (label.kind === 'date') digits ||= /\d/.test(line.text)
    } else apart += isBlank(line.text) ? 2 : 1
    address ||= ADDRESS.test(line.text.slice(0, MAX_CHARS))
  }
  while (end < lines.length && end < at + MAX_BLOCK && !lines[end]!.quoted && isContinuation(lines[end]!.text)) end++
  return isBlock(kinds, address, digits) ? { end, sure: true } : undefined
}

function isBlock(kinds: ReadonlySet<HeaderKind>, address: boolean, digits: boolean): boolean {
  const main = [...kinds].filter((kind) => kind !== 'other').length
  if (main >= 3) return kinds.has('from') && (address || digits)
  if (main < 2) return false
  if (kinds.has('from') && kinds.has('date')) return address && digits
  return address && kinds.has('to') && (kinds.has('from') || digits)
}

const isContinuation = (text: string) => /^[ \t]/.test(text) && !isBlank(text)

function labelOf(text: string): { kind: HeaderKind } | undefined {
  const line = text.slice(0, 60)
  const colon = line.search(/[:：]/)
  if (colon < 1) return undefined
  const name = trimMarks(line.slice(0, colon).replaceAll('\u00a0', ' ')).toLowerCase().normalize('NFC')
  const kind = headerLabels.get(name)
  return kind ? { kind } : undefined
}

// "On 1 May 2020 at 10:00, Ann <ann@example.com> wrote:" in its many forms, wrapped over up to six lines.
function attributionAt(lines: readonly ReadLine[], at: number): QuoteHeader | undefined {
  if (!mayBeginAttribution(lines[at]!.text)) return undefined
  const several = beginsLikeOne(lines[at]!.text)
  let joined = ''
  let likely: QuoteHeader | undefined
  for (let i = at; i < lines.length && i < at + MAX_LINES; i++) {
    const { text, quoted } = lines[i]!
    if (i > at && (!several || joined.length + text.length > MAX_CHARS)) break
    if (i > at && (quoted || likely ? !closesAttribution(text) : !mayContinue(lines, i))) break
    joined += ` ${text.trim()}`
    const strength = judge(joined)
    if (strength === 'sure') return { end: i + 1, sure: true }
    if (strength) likely = { end: i + 1, sure: false }
  }
  return likely
}

function mayContinue(lines: readonly ReadLine[], i: number): boolean {
  const { text } = lines[i]!
  if (labelOf(text) || (opener.test(text.trim()) && /\d/.test(text))) return false
  if (!isBlank(text)) return true
  const next = lines[i + 1]?.text.trim() ?? ''
  return next.startsWith('<') || endsWithVerb.test(next)
}

// The last line of a wrapped attribution; Polymail wraps so that it begins with ">".
function closesAttribution(text: string): boolean {
  return text.length < 60 && endsWithVerb.test(text) && text.trim().length < 30
}

const word = (list: readonly string[]) =>
  [...list]
    .sort((a, b) => b.length - a.length)
    .map((w) => w.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('|')

const opener = new RegExp(`^(?:${word(openers)})(?: |(?=\\d)|$)`, 'iu')
const glued = word(gluedVerbs)
const endsWithVerb = new RegExp(`(?:(?:^|[\\s>)\\]"'’,.:])(?:${word(verbs)})|${glued}) ?[:：]?$`, 'iu')
const hasVerb = new RegExp(`(?:^|[\\s>)\\]"'’,.])(?:${word(verbs)})(?=[\\s:：]|$)|${glued}`, 'iu')
const dateStart = /^(?:[\p{L}.]{1,14},? ){0,3}\d{1,4}(?:[./\-年년 ,]|st|nd|rd|th|г)/iu
const time = /\d{1,2}[:.h時时点點시] ?\d{2}/
const date = new RegExp(
  `(?:^|\\D)(?:19|20)\\d\\d(?!\\d)|\\d{1,2}[./-]\\d{1,2}[./-]\\d|${time.source}|\\d[a-z. ]{0,6}(?:${word(months)})`,
  'iu',
)

function beginsLikeOne(text: string): boolean {
  const line = trimMarks(text)
  return opener.test(line) || dateStart.test(line)
}

function mayBeginAttribution(text: string): boolean {
  const line = trimMarks(text)
  if (line.length < 4) return false
  return (beginsLikeOne(text) && /\d/.test(line)) || /[:：]$/.test(line) || endsWithVerb.test(line)
}

/** `sure` stands by itself; `likely` counts only where a marked quote follows. */
function judge(joined: string): 'sure' | 'likely' | undefined {
  const raw = joined.trim().replace(/\s+/g, ' ')
  const dashed = /^-{2}/.test(raw) && /-{2}$/.test(raw)
  const text = trimMarks(raw)
  const colon = /[:：]$/.test(text)
  const dated = date.test(text)
  const address = ADDRESS.test(text)
  if (endsWithVerb.test(text)) {
    if (!dated) return address || colon || dashed ? 'likely' : undefined
    if (!colon && !dashed) return 'likely'
    return opener.test(text) || dateStart.test(text) || address ? 'sure' : 'likely'
  }
  if (colon && dated && hasVerb.test(text) && (opener.test(text) || dateStart.test(text) || address)) return 'sure'
  if (colon && dated && address && time.test(text)) return dateStart.test(text) ? 'sure' : 'likely'
  if (colon && dated && hasVerb.test(text)) return 'likely'
  return dateStart.test(text) && dated && address && />$/.test(text) ? 'likely' : undefined
}
