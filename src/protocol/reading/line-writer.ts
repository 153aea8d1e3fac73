import { BLOCK, PARAGRAPH } from './html-elements.ts'

const MAX_BREAKS = 3
const MAX_LISTS = 32

/** Only blanks and characters without width, as newsletters fill their hidden previews with. */
const FILLER = /^(?:[\s\u00ad\u180e\u200b-\u200f\u2060\u2800\ufeff]|\u034f)*$/

/** Lays out words in lines. Line ends and blanks are owed until the next word, so none is written twice or at the end of a line. */
export class LineWriter {
  private chunks: string[] = []
  private breaks = 0
  private space = false
  private mark = ''
  private lists: { ordered: boolean; items: number }[] = []
  private pre = 0

  open(name: string): void {
    if (name === 'br') this.owe(this.breaks + 1)
    else if (name === 'td' || name === 'th') this.space = true
    else if (name === 'pre') this.pre++
    this.boundary(name)
    if (name === 'ol' || name === 'ul') this.openList(name === 'ol')
    else if (name === 'li') this.openItem()
  }

  close(name: string): void {
    if (name === 'pre' && this.pre > 0) this.pre--
    if (name === 'ol' || name === 'ul') this.lists.pop()
    if (name === 'li') this.mark = ''
    this.boundary(name)
  }

  words(text: string): void {
    if (FILLER.test(text)) this.filler(text)
    else if (this.pre > 0) this.preformatted(text)
    else {
      const words = text.replaceAll('\u00ad', '').replace(/\s+/g, ' ')
      if (words.startsWith(' ')) this.space = true
      this.put(words.trim())
      this.space = words.endsWith(' ')
    }
  }

  text(): string {
    return this.chunks.join('')
  }

  private filler(text: string): void {
    if (this.pre > 0) this.owe(this.breaks + text.split('\n').length - 1)
    if (text !== '') this.space = true
  }

  private preformatted(text: string): void {
    for (const [i, line] of text.split(/\r\n|\r|\n/).entries()) {
      if (i > 0) this.owe(this.breaks + 1)
      if (line.trim() !== '') this.put(line.trimEnd())
    }
  }

  private put(words: string): void {
    if (this.chunks.length === 0) this.breaks = 0
    if (this.breaks > 0) this.chunks.push('\n'.repeat(this.breaks))
    else if (this.space && this.chunks.length > 0) this.chunks.push(' ')
    this.chunks.push(this.mark, words)
    this.breaks = 0
    this.space = false
    this.mark = ''
  }

  private boundary(name: string): void {
    // An item of a list is a line, not a paragraph, whatever stands in it.
    if (PARAGRAPH.has(name) && this.mark === '' && !(this.lists.length > 0 && name !== 'p'))
      this.owe(Math.max(this.breaks, 2))
    else if (BLOCK.has(name) || name === 'hr') this.owe(Math.max(this.breaks, 1))
  }

  private owe(breaks: number): void {
    this.breaks = Math.min(breaks, MAX_BREAKS)
    this.space = false
  }

  private openList(ordered: boolean): void {
    if (this.lists.length < MAX_LISTS) this.lists.push({ ordered, items: 0 })
  }

  private openItem(): void {
    const list = this.lists.at(-1)
    if (list) list.items++
    this.mark = `${'  '.repeat(Math.max(this.lists.length - 1, 0))}${list?.ordered ? `${list.items}.` : '-'} `
  }
}
