import { otherNumber } from './code-words.ts'

export interface Keyword {
  start: number
  end: number
  /** The word means nothing but a one-time code. */
  certain: boolean
}

export interface Candidate {
  value: string
  start: number
  end: number
  kind: 'google' | 'digits' | 'mixed' | 'letters'
}

const REACH = 300
/** From here on keyword and code stand in one sentence, or the code below it. */
const JOINED = 0.8
/** From here on nothing but a copula stands between them: "code: 1234", "1234 is your code". */
const LINKED = 0.95
const BARE = 0.4

/** How likely the candidate is a code, 0 to 1: how it stands to the nearest words that announce one, and what speaks against it. */
export function scoreCode(source: string, candidate: Candidate, keywords: readonly Keyword[]): number {
  if (candidate.kind === 'google') return 0.97
  const alone = isAlone(source, candidate)
  let score = 0
  let linked = false
  for (const keyword of keywords) {
    const nearness = near(source, candidate, keyword, alone)
    linked ||= nearness >= LINKED
    score = Math.max(score, nearness * (keyword.certain ? 1 : 0.92))
  }
  if (score === 0)
    return candidate.kind === 'digits' && source.trim() === source.slice(candidate.start, candidate.end) ? BARE : 0
  if (alone) score = Math.min(1, score + 0.25)
  return score * doubt(source, candidate, { alone, linked, joined: score >= JOINED })
}

function near(source: string, { start, end }: Candidate, keyword: Keyword, alone: boolean): number {
  if (keyword.end <= start && start - keyword.end <= REACH) return behind(source.slice(keyword.end, start), alone)
  if (keyword.start >= end && keyword.start - end <= 100) return before(source.slice(end, keyword.start))
  return 0
}

function isAlone(source: string, { start, end }: Candidate): boolean {
  const from = source.lastIndexOf('\n', start - 1) + 1
  const to = source.indexOf('\n', end)
  if (start - from > 8 || (to < 0 ? source.length : to) - end > 8) return false
  return !/[\p{L}\d]/u.test(source.slice(from, start) + source.slice(end, to < 0 ? source.length : to))
}

const SENTENCE_END = /[.!?](?:\s|$)|[。！？;；]/
const LINK =
  /^(?: number| no\.| below| here)?[\s"'“”«»„‚()[\]<>【】「」*_:：=–—#.~-]{0,12}(?:(?:is|are|ist|lautet|est|es|é|è|jest|to|är|er|on|là|la|adalah|este|je|:|为|為|是|は|は、|는|은|이|가|هو|הוא|है)[\s"'“”«»„‚()[\]<>【】「」*_:：=–—#.~-]{0,12})?$/iu

/** The candidate stands behind the keyword, `gap` between them. */
function behind(gap: string, alone: boolean): number {
  if (LINK.test(gap)) return 0.97
  const sameSentence = !SENTENCE_END.test(gap)
  if (gap.length <= 45) return sameSentence ? 0.88 : 0.65
  if (gap.length <= 120) return sameSentence && /[:：]\s*$/.test(gap) ? 0.85 : 0.55
  return alone ? 0.4 : 0.3
}

/** The candidate stands before the keyword. */
function before(gap: string): number {
  if (SENTENCE_END.test(gap) || gap.includes('\n')) return /^\s{0,4}$/.test(gap) ? 0.6 : 0.3
  if (
    gap.length <= 60 &&
    /^["'”’)\]]{0,2}(?:\(|（|\s?[-–—:：(（]\s?|\s{0,2}(?:is|ist|est|es|é|è|jest|to|är|er|on|là|la|as|adalah|je|este)\s|[이가는은はが为是])/u.test(
      gap,
    )
  )
    return 0.95
  return gap.length <= 30 ? 0.8 : 0.5
}

const UNIT =
  /^ ?(?:minutes?|mins?|hours?|days?|people|users?|points?|km|miles|steps|followers|views|times|characters|words|mb|gb|items?|px|years?)\b/i
const STREET =
  /^ (?:[\p{L}.]{1,20} ){0,3}(?:street|st\.|st,|avenue|ave|road|rd|drive|dr\.|boulevard|blvd|lane|way|parkway|square)(?!\p{L})/iu
const VOUCHER =
  /\d ?%|discount|coupon|voucher|promo|gutschein|rabatt|checkout|free shipping|réduction|descuento|desconto|sconto/i

interface Standing {
  alone: boolean
  linked: boolean
  joined: boolean
}

/** 1 for a code, less for what else a number near such a word may be. */
function doubt(source: string, { value, start, end, kind }: Candidate, { alone, linked, joined }: Standing): number {
  if ((kind === 'mixed' && !joined && !alone) || (kind === 'letters' && !alone)) return 0
  const left = source.slice(Math.max(0, start - 40), start)
  let result = 1
  if (/[a-z]/.test(value) && /[A-Z]/.test(value) && !alone) result *= 0.9
  if (UNIT.test(source.slice(end, end + 12))) result *= 0.2
  if (STREET.test(source.slice(end, end + 60))) result *= 0.2
  if (kind !== 'digits' || !linked) result *= voucher(source, start, end)
  if (linked) return result
  if (/^(?:19|20)\d\d$/.test(value)) result *= 0.3
  if (otherNumber.test(left)) result *= 0.35
  if (/(?:\b(?:to|and|or)|&) $/i.test(left)) result *= 0.6
  if (/(?:^|[^A-Z])[A-Z]{2} $/.test(left)) result *= 0.5
  return result
}

function voucher(source: string, start: number, end: number): number {
  return VOUCHER.test(source.slice(Math.max(0, start - 120), end + 120)) ? 0.3 : 1
}
