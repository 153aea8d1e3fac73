import { type Candidate, type Keyword, scoreCode } from './code-score.ts'
import { keyword, otherCode, otherCodeAfter } from './code-words.ts'

export interface FoundCode {
  value: string
  kind: 'code'
  /** 0 to 1. */
  confidence: number
}

const MAX_CHARS = 64 * 1024
const MAX_KEYWORDS = 500
const MAX_CANDIDATES = 2000
const MAX_CODES = 10
const ENOUGH = 0.4

/**
 * One-time codes in a mail or a short message, best first. A code is a short number (or letters and digits) near a word that
 * announces it; years, prices, dates, telephone and order numbers are passed over. Blanks and hyphens inside a number, and Google's
 * "G-", are left out of `value`: it is what has to be typed.
 */
export function findCodes(subject: string | null, text: string): FoundCode[] {
  const source = `${(subject ?? '').slice(0, 2000)}\n\n${text}`
    .slice(0, MAX_CHARS)
    .replaceAll('\r\n', '\n')
    .replaceAll('\u00a0', ' ')
  // Looking for the words costs most, and most mails have nothing that could be a code.
  let keywords: Keyword[] | undefined
  const best = new Map<string, number>()
  for (const candidate of findCandidates(source)) {
    keywords ??= findKeywords(source)
    const score = scoreCode(source, candidate, keywords)
    if (score >= ENOUGH && score > (best.get(candidate.value) ?? 0)) best.set(candidate.value, score)
  }
  return [...best]
    .map(([value, score]) => ({
      value,
      kind: 'code' as const,
      confidence: Math.round(Math.min(score, 0.99) * 100) / 100,
    }))
    .sort((a, b) => b.confidence - a.confidence)
    .slice(0, MAX_CODES)
}

function findKeywords(source: string): Keyword[] {
  const found: Keyword[] = []
  for (const match of source.matchAll(keyword)) {
    const { index: start } = match
    const end = start + match[0].length
    const before = source.slice(Math.max(0, start - 20), start)
    if (otherCode.test(before) || otherCodeAfter.test(source.slice(end, end + 20))) continue
    found.push({ start, end, certain: match[1] !== undefined })
    if (found.length >= MAX_KEYWORDS) break
  }
  return found
}

const CANDIDATE =
  /(?<![\p{Script=Latin}\p{Script=Cyrillic}\p{N}_])(?:G-(\d{6})|(\d{3}[- ]\d{3}|\d{4}[- ]\d{4}|\d{2}-\d{2}-\d{2}|\d{2} \d{2} \d{2}|\d{3}-\d{3}-\d{3}|(?:\d[ \n]{1,2}){3,7}\d|\d{4,8})|([A-Z\d]{3,5}-[A-Z\d]{3,5}|(?=[A-Za-z]{0,9}\d)[A-Za-z\d]{4,10}|[A-Z]{5,8}))(?![\p{Script=Latin}\p{Script=Cyrillic}\p{N}_])/gu

function* findCandidates(source: string): Generator<Candidate> {
  let count = 0
  for (const match of source.matchAll(CANDIDATE)) {
    const [whole, google, number, mixed] = match
    const start = match.index
    const end = start + whole.length
    if (isPartOfMore(source, start, end) || (mixed === undefined && isTelephone(source, start, end))) continue
    if (google !== undefined) yield { value: google, start, end, kind: 'google' }
    else if (number !== undefined) yield { value: number.replace(/\D/g, ''), start, end, kind: 'digits' }
    else yield { value: mixed!, start, end, kind: /\d/.test(mixed!) ? 'mixed' : 'letters' }
    if (++count >= MAX_CANDIDATES) return
  }
}

// Prices, decimals, times, dates, links, addresses, keys in base64.
function isPartOfMore(source: string, start: number, end: number): boolean {
  const before = source.slice(Math.max(0, start - 5), start)
  const after = source.slice(end, end + 5)
  if (/[$€£¥₹₽%@/\\+=&?]\s?$|\d[.,:'’-]$|[\p{L}\d]\.$|(?:USD|EUR|GBP|INR|CHF|Rs\.?) ?$/u.test(before))
    return !/[=:] $/.test(before)
  return /^(?:[.,:/'’-]\d|\s?[%$€£¥₹₽]|[@/\\+=]|\.\p{L}|\s?(?:USD|EUR|GBP|INR|CHF|kr|zł)(?!\p{L})|-\d|-$)/u.test(after)
}

const AROUND = 20

// Nine digits and more, joined as telephone and card numbers are. A blank joins short groups only.
function isTelephone(source: string, start: number, end: number): boolean {
  const joints = /^\d{5,}$/.test(source.slice(start, end)) ? '-.()/' : '-.()/ '
  const left = source.slice(Math.max(0, start - AROUND), start)
  const around =
    joinedDigits(source.slice(end, end + AROUND), joints) + joinedDigits([...left].reverse().join(''), joints)
  return around > 0 && around + source.slice(start, end).replace(/\D/g, '').length >= 9
}

/** The digits at the beginning of `text`, at most two joints between them. */
function joinedDigits(text: string, joints: string): number {
  let digits = 0
  let gap = 0
  for (const character of text) {
    if (/\d/.test(character)) {
      digits++
      gap = 0
    } else if (!joints.includes(character) || ++gap > 2) break
  }
  return digits
}
