import { type HtmlLine, type HtmlLines, type MarkedElement, readHtmlLines } from './html-lines.ts'
import { scanHtml, VOID } from './html-scan.ts'
import { newWords } from './new-words.ts'
import { isBlank, isForwardMark, quoteHeaderAt } from './reply-headers.ts'

const MAX_CHARS = 8 * 1024 * 1024
const MAX_HEADER_LINES = 6
const MAX_DEPTH = 512

interface Range {
  start: number
  end: number
}

/**
 * The new words of an HTML mail: its source without quotes, what announces them, and the signature. What stays is the source as it
 * was; nothing is written anew but the end tags below a cut. The whole source comes back where nothing is recognised, where
 * nothing would be left, or where it is longer than 8 Mi characters.
 */
export function extractReplyHtml(html: string): string {
  if (html.length > MAX_CHARS) return html
  const read = readHtmlLines(html)
  for (const line of read.lines) line.quoted ||= isMarkedQuote(line)
  unquoteForwards(read.lines)
  quoteBlockquotes(read.lines)
  const kept = keptLines(read)
  return kept.size === read.lines.length || kept.size === 0 ? html : cut(html, read, kept)
}

function isMarkedQuote(line: HtmlLine): boolean {
  return line.marks.some(({ mark, splits }) => {
    if (mark === 'wrapper') return !splits || !line.below
    return mark === 'quote' || mark === 'attribution' || mark === 'divider'
  })
}

const outermostQuote = (line: HtmlLine) => line.marks.find(({ mark }) => mark !== 'signature')

// Gmail wraps what is sent on as it wraps what is answered.
function unquoteForwards(lines: readonly HtmlLine[]): void {
  for (const [i, line] of lines.entries()) {
    const element = outermostQuote(line)
    if (!element || (i > 0 && outermostQuote(lines[i - 1]!) === element) || !isForwardMark(line.text)) continue
    for (let at = i; at < lines.length && outermostQuote(lines[at]!) === element; at++) lines[at]!.quoted = false
  }
}

// A blockquote without a mark is a quote when an attribution stands directly above it.
function quoteBlockquotes(lines: readonly HtmlLine[]): void {
  for (let i = 0; i < lines.length; i++) {
    const element = lines[i]!.quoted ? undefined : lines[i]!.marks.find(({ mark }) => mark === 'blockquote')
    if (!element) continue
    const announced = isAnnounced(lines, i)
    for (; i < lines.length && lines[i]!.marks.includes(element); i++) lines[i]!.quoted ||= announced
    i--
  }
}

function isAnnounced(lines: readonly HtmlLine[], at: number): boolean {
  let end = at
  while (end > 0 && isBlank(lines[end - 1]!.text)) end--
  const probe = lines.slice(Math.max(0, end - MAX_HEADER_LINES), end)
  return probe.some((line, i) => !line.quoted && quoteHeaderAt(probe, i)?.end === probe.length)
}

function keptLines({ lines, isWhole }: HtmlLines): Set<HtmlLine> {
  const signature = (line: HtmlLine) => !line.quoted && line.marks.some(({ mark }) => mark === 'signature')
  const unsigned = lines.filter((line) => !signature(line))
  const marks = newWords(unsigned, isWhole)
  const kept = unsigned.filter((_, i) => marks[i])
  // Without a word of the writer, the signature is what the mail says.
  if (kept.some((line) => !line.quoted && !isBlank(line.text))) return new Set(kept)
  const all = newWords(lines, isWhole)
  return new Set(lines.filter((_, i) => all[i]))
}

/** The source without the lines that are not kept: up to the last kept line piece by piece, from there on as a whole. */
function cut(html: string, read: HtmlLines, kept: ReadonlySet<HtmlLine>): string {
  const lastKept = read.lines.findLastIndex((line) => kept.has(line) && line.chunks.length > 0)
  const below = read.lines.slice(lastKept + 1).find((line) => !kept.has(line) && line.chunks.length > 0)
  const wordsEnd = read.lines[lastKept]?.chunks.at(-1)?.end ?? 0
  const end = below ? startOf(below, wordsEnd) : html.length
  const holes = [
    ...unkeptElements(read, kept),
    ...read.lines.filter((line) => !kept.has(line)).flatMap((line) => line.chunks),
  ]
  const body = withoutRanges(html, holes, end)
  return below ? body + endTags(html, end) : body
}

/** Where to cut so that the marked elements around the line go with it. */
function startOf(line: HtmlLine, after: number): number {
  return line.marks.find(({ start }) => start >= after)?.start ?? line.chunks[0]!.start
}

function unkeptElements({ lines, elements }: HtmlLines, kept: ReadonlySet<HtmlLine>): MarkedElement[] {
  const used = new Set<MarkedElement>()
  const filled = new Set<MarkedElement>()
  for (const line of lines) for (const element of line.marks) (kept.has(line) ? used : filled).add(element)
  return elements.filter((element) => element.end >= 0 && filled.has(element) && !used.has(element))
}

function withoutRanges(html: string, holes: readonly Range[], end: number): string {
  const pieces: string[] = []
  let at = 0
  for (const hole of holes.toSorted((a, b) => a.start - b.start)) {
    if (hole.start >= end) break
    if (hole.start > at) pieces.push(html.slice(at, hole.start))
    at = Math.max(at, hole.end)
  }
  if (at < end) pieces.push(html.slice(at, end))
  return pieces.join('')
}

/** The end tags of what is open at `end`, at most 512. */
function endTags(html: string, end: number): string {
  const open: string[] = []
  const counts = new Map<string, number>()
  for (const token of scanHtml(html.slice(0, end))) {
    if (token.type === 'text' || VOID.has(token.name)) continue
    const count = counts.get(token.name) ?? 0
    if (token.type === 'open' && open.length < MAX_DEPTH) {
      counts.set(token.name, count + 1)
      open.push(token.name)
    } else if (token.type === 'close' && count > 0) {
      for (let name = open.pop(); name !== undefined; name = name === token.name ? undefined : open.pop()) {
        counts.set(name, counts.get(name)! - 1)
      }
    }
  }
  return open
    .reverse()
    .map((name) => `</${name}>`)
    .join('')
}
