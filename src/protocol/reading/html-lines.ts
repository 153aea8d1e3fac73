import { BLOCK, type OpenTag } from './html-elements.ts'
import { decodeEntities } from './html-entities.ts'
import { type Mark, markOf } from './html-marks.ts'
import { type HtmlToken, VOID } from './html-scan.ts'
import { visibleTokens } from './html-text.ts'
import { isQuotedLine } from './quote-mark.ts'
import type { ReadLine } from './reply-headers.ts'

/** An element with a mark, and its place in the source. */
export interface MarkedElement {
  mark: Mark
  start: number
  end: number
  /** A wrapper that holds its quotes in blockquotes of their own: what else stands in it may be an inline answer. */
  splits: boolean
}

/** A line as the reader sees it. `marks`: the marked elements around it, outermost first. */
export interface HtmlLine extends ReadLine {
  marks: readonly MarkedElement[]
  /** Whether a blockquote of its wrapper stands above it. */
  below: boolean
  chunks: { start: number; end: number }[]
}

export interface HtmlLines {
  lines: HtmlLine[]
  elements: MarkedElement[]
  /** False when the mail goes on behind the last line. */
  isWhole: boolean
}

interface OpenElement {
  name: string
  marked: MarkedElement | undefined
}

const MAX_DEPTH = 512
const MAX_LINES = 4000
const MAX_LINE = 2000
const MAX_MARKS = 16

/** The lines of an HTML mail with the marks of the mail programs, up to 4000 lines. */
export function readHtmlLines(html: string): HtmlLines {
  const reader = new LineReader(html)
  for (const token of visibleTokens(html)) {
    if (reader.lines.length >= MAX_LINES) return { lines: reader.lines, elements: reader.elements, isWhole: false }
    reader.take(token)
  }
  reader.finish()
  return { lines: reader.lines, elements: reader.elements, isWhole: true }
}

class LineReader {
  readonly lines: HtmlLine[] = []
  readonly elements: MarkedElement[] = []
  private readonly html: string
  private stack: OpenElement[] = []
  private counts = new Map<string, number>()
  private marks: readonly MarkedElement[] = []
  private text = ''
  private chunks: { start: number; end: number }[] = []
  private pre = 0

  constructor(html: string) {
    this.html = html
  }

  take(token: HtmlToken): void {
    if (token.type === 'text') this.words(token.start, token.end)
    else if (token.type === 'open') this.open(token)
    else this.close(token.name, token.start, token.end)
  }

  finish(): void {
    this.flush()
    for (const element of this.elements) if (element.end < 0) element.end = this.html.length
  }

  private open(tag: OpenTag): void {
    if (tag.name === 'br') this.flush(true)
    else if (tag.name === 'td' || tag.name === 'th') this.text += ' '
    else if (BLOCK.has(tag.name) || tag.name === 'hr') this.flush()
    const marked = this.mark(tag)
    if (VOID.has(tag.name) || this.stack.length >= MAX_DEPTH) return
    if (tag.name === 'pre') this.pre++
    this.stack.push({ name: tag.name, marked })
    this.counts.set(tag.name, (this.counts.get(tag.name) ?? 0) + 1)
  }

  private mark(tag: OpenTag): MarkedElement | undefined {
    const mark = markOf(tag)
    if (mark === undefined || this.marks.length >= MAX_MARKS) return undefined
    this.flush()
    const parent = this.stack.at(-1)?.marked
    const splits = parent?.mark === 'wrapper' && tag.name === 'blockquote'
    if (splits) parent.splits = true
    const end = mark === 'divider' ? this.html.length : -1
    const element: MarkedElement = { mark: splits ? 'quote' : mark, start: tag.start, end, splits: false }
    this.elements.push(element)
    this.marks = [...this.marks, element]
    return mark === 'divider' || VOID.has(tag.name) ? undefined : element
  }

  private close(name: string, start: number, end: number): void {
    if (BLOCK.has(name)) this.flush()
    if ((this.counts.get(name) ?? 0) === 0) return
    for (let top = this.stack.pop(); top; top = this.stack.pop()) {
      this.counts.set(top.name, this.counts.get(top.name)! - 1)
      if (top.name === 'pre') this.pre--
      if (top.marked) this.unmark(top.marked, top.name === name ? end : start)
      if (top.name === name) return
    }
  }

  private unmark(element: MarkedElement, end: number): void {
    this.flush()
    element.end = end
    this.marks = this.marks.filter((mark) => mark !== element)
  }

  private words(start: number, end: number): void {
    if (this.pre === 0) this.piece(start, end)
    else this.preformatted(start, end)
  }

  private preformatted(start: number, end: number): void {
    for (let at = start; at < end; ) {
      const lf = this.html.indexOf('\n', at)
      const lineEnd = lf < 0 || lf >= end ? end : lf
      this.piece(at, lineEnd)
      if (lineEnd < end) this.flush(true)
      at = lineEnd + 1
    }
  }

  private piece(start: number, end: number): void {
    const raw = this.html.slice(start, Math.min(end, start + MAX_LINE))
    if (this.text.length < MAX_LINE) this.text += decodeEntities(raw)
    if (raw.trim() !== '') this.chunks.push({ start, end })
  }

  private flush(evenBlank = false): void {
    const text = this.text.replace(/\s+/g, ' ').trim()
    const { marks, chunks } = this
    this.text = ''
    this.chunks = []
    if (text === '' && !evenBlank) return
    const wrapper = marks.findLast((element) => element.mark === 'wrapper')
    this.lines.push({ text, quoted: isQuotedLine(text), marks, below: wrapper?.splits ?? false, chunks })
  }
}
