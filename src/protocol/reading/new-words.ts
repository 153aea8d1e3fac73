import { isBlank, isForwardMark, quoteHeaderAt, type ReadLine } from './reply-headers.ts'
import { signatureStart } from './signature.ts'

/** `rest`: an unmarked quote, which reaches to the end. `forward`: a mail sent on, to the end as well. */
interface Segment {
  kind: 'text' | 'quote' | 'rest' | 'forward'
  from: number
  to: number
}

/**
 * Which lines hold new words. Where new words stand between two quotes, the answer is inline and the quotes are kept with it:
 * without them it could not be understood. All `true` when leaving things out would leave nothing. A signature is looked for only
 * where `isWhole` says that the end of the lines is the end of the mail.
 */
export function newWords(lines: readonly ReadLine[], isWhole = true): boolean[] {
  const segments = toSegments(lines)
  trimRules(lines, segments)
  return (
    keep(lines, isWhole ? withoutSignature(lines, segments) : segments) ??
    keep(lines, segments) ??
    lines.map(() => true)
  )
}

function toSegments(lines: readonly ReadLine[]): Segment[] {
  const segments: Segment[] = []
  let textFrom = 0
  const push = (kind: Segment['kind'], from: number, to: number) => {
    if (from > textFrom) segments.push({ kind: 'text', from: textFrom, to: from })
    segments.push({ kind, from, to })
    textFrom = to
  }
  for (let i = 0; i < lines.length; ) {
    const { text, quoted } = lines[i]!
    const header = quoted || isBlank(text) ? undefined : quoteHeaderAt(lines, i)
    const first = header ? skipBlank(lines, header.end) : i
    if (lines[first]?.quoted) push('quote', i, quoteEnd(lines, first))
    else if (header?.sure) push('rest', i, lines.length)
    else if (isForwardMark(text)) push('forward', i, lines.length)
    i = Math.max(i + 1, textFrom)
  }
  if (textFrom < lines.length) segments.push({ kind: 'text', from: textFrom, to: lines.length })
  return segments
}

function skipBlank(lines: readonly ReadLine[], from: number): number {
  let i = from
  while (i < lines.length && !lines[i]!.quoted && isBlank(lines[i]!.text)) i++
  return i
}

/** The end of the quote, the blank lines behind it included. */
function quoteEnd(lines: readonly ReadLine[], from: number): number {
  let end = from
  while (end < lines.length) {
    if (lines[end]!.quoted || isBlank(lines[end]!.text) || isLinkRemnant(lines, end)) end++
    else return end
  }
  return end
}

// A long link breaks the row of marks: its second half, or the link in parentheses, stands unmarked between two marked lines.
function isLinkRemnant(lines: readonly ReadLine[], at: number): boolean {
  const before = lines[at - 1]
  if (!before?.quoted || !lines[at + 1]?.quoted) return false
  const line = lines[at]!.text.trim().slice(0, 2000)
  if (/^[(<[]?https?:\/\/\S*[)>\]]?(?: >)?$/.test(line)) return true
  const opened = before.text.slice(-2000)
  const link = opened.lastIndexOf('http')
  return link >= 0 && !/\s/.test(opened.slice(link)) && /^\S+[)>\]]$/.test(line)
}

/** Rules drawn above a quote belong to the quote. */
function trimRules(lines: readonly ReadLine[], segments: Segment[]): void {
  for (const [i, segment] of segments.entries()) {
    const next = segments[i + 1]
    if (segment.kind !== 'text' || !next || next.kind === 'forward') continue
    for (let at = segment.to - 1; at >= segment.from; at--) {
      const { text } = lines[at]!
      if (isRule(text)) segment.to = at
      else if (!isBlank(text)) break
    }
  }
}

const isRule = (text: string) => text.length < 200 && /^\s*(?:[-_=*]\s?){3,}$/.test(text)

function withoutSignature(lines: readonly ReadLine[], segments: readonly Segment[]): Segment[] {
  const result = segments.map((segment) => ({ ...segment }))
  if (result.at(-1)?.kind === 'forward') return result
  for (const segment of result.toReversed()) {
    if (segment.kind !== 'text') continue
    segment.to = segment.from + signatureStart(lines.slice(segment.from, segment.to).map((line) => line.text))
    if (segment.to > segment.from) break
  }
  return result
}

function keep(lines: readonly ReadLine[], segments: readonly Segment[]): boolean[] | undefined {
  const kept = segments.filter(
    ({ kind, from, to }) => kind === 'forward' || (kind === 'text' && hasWords(lines, from, to)),
  )
  if (kept.length === 0) return undefined
  const marks = new Array<boolean>(lines.length).fill(false)
  if (isInline(segments, kept)) return marks.fill(true, 0, kept.at(-1)!.to)
  for (const { from, to } of kept) marks.fill(true, from, to)
  return marks
}

function hasWords(lines: readonly ReadLine[], from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (!isBlank(lines[i]!.text)) return true
  return false
}

function isInline(segments: readonly Segment[], kept: readonly Segment[]): boolean {
  const first = segments.find((segment) => segment.kind === 'quote')
  const last = segments.findLast((segment) => segment.kind === 'quote')
  if (!first || !last) return false
  return kept.some(({ from, to }) => from >= first.to && to <= last.from)
}
