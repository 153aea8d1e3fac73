import { BLOCK, isUnshown, type OpenTag } from './html-elements.ts'
import { decodeEntities } from './html-entities.ts'
import { scanHtml, VOID } from './html-scan.ts'
import { type Colour, isSameColour, readStyle, type Style, toColour } from './html-style.ts'

/** A link as it stands in the mail, and the words that it is shown with. */
export interface Anchor {
  href: string
  shown: string
}

/** How words are kept from a reader's eyes. */
export type Hiding = 'gone' | 'tiny' | 'transparent' | 'outside' | 'background'

export interface HiddenWords {
  text: string
  how: Hiding
  /** Before any word that is shown: where newsletters put what lists of mails show beside the subject. */
  first: boolean
}

/** What a reader sees of an HTML mail, and what not. */
export interface HtmlReading {
  anchors: Anchor[]
  /** Lines of shown words, descriptions of images among them. */
  shown: string
  hidden: HiddenWords[]
}

export const nothingRead: HtmlReading = { anchors: [], shown: '', hidden: [] }

const MAX_SOURCE = 2 * 1024 * 1024
const MAX_ANCHORS = 1000
const MAX_HIDDEN = 1000
const MAX_DEPTH = 512
const MAX_STYLES = 2000
const MAX_WORDS = 1000

/** Reads the first 2 Mi characters of an HTML mail in one pass. */
export function readHtml(html: string): HtmlReading {
  const source = html.slice(0, MAX_SOURCE)
  const reader = new Reader()
  for (const token of scanHtml(source)) {
    if (token.type === 'open') reader.open(token)
    else if (token.type === 'close') reader.close(token.name)
    else reader.words(source, token.start, token.end)
  }
  return reader.finish()
}

/** How the words inside an element look; each takes over from the one around it. */
interface Look {
  name: string
  how: Hiding | null
  /** Not words at all: a script, a drawing. */
  unshown: boolean
  tiny: boolean
  colour: Colour | null
  /** Null where it cannot be told. */
  background: Colour | null
}

const PAPER: Colour = [255, 255, 255]

class Reader {
  private readonly anchors: Anchor[] = []
  private readonly shown: string[] = []
  private readonly hidden: HiddenWords[] = []
  private readonly styles = new Map<string, Style>()
  private readonly counts = new Map<string, number>()
  private readonly stack: Look[] = []
  private look: Look = { name: '', how: null, unshown: false, tiny: false, colour: null, background: PAPER }
  private readonly root = this.look
  private href: string | undefined
  private linked = ''
  private hasSheet = false
  private hasShown = false

  open(tag: OpenTag): void {
    const { name } = tag
    this.endUnclosed(name)
    if (name === 'style' || name === 'link') this.hasSheet = true
    if (BLOCK.has(name) || name === 'br') this.shown.push('\n')
    else if (name === 'td' || name === 'th') this.shown.push(' ')
    if (name === 'a' || name === 'area') this.openAnchor(tag)
    else if (name === 'img') this.image(tag)
    if (VOID.has(name) || this.stack.length >= MAX_DEPTH) return
    this.stack.push(this.look)
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
    this.look = this.lookOf(tag)
  }

  close(name: string): void {
    if (name === 'a') this.closeAnchor()
    if (BLOCK.has(name)) this.shown.push('\n')
    if ((this.counts.get(name) ?? 0) === 0) return
    for (let closed = ''; closed !== name; ) closed = this.pop()
  }

  words(source: string, start: number, end: number): void {
    const { look } = this
    if (look.unshown) return
    const text = decodeEntities(source.slice(start, end))
    if (!/\S/.test(text)) {
      this.shown.push(' ')
      return
    }
    if (this.href !== undefined && look.how !== 'gone' && this.linked.length < MAX_WORDS)
      this.linked += text.slice(0, MAX_WORDS)
    const how = look.how ?? this.trickOf(look)
    if (how !== null) this.hide(text, how)
    else {
      this.shown.push(text)
      this.hasShown ||= /[\p{L}\p{N}]/u.test(text)
    }
  }

  finish(): HtmlReading {
    this.closeAnchor()
    return { anchors: this.anchors, shown: this.shown.join(''), hidden: this.hidden }
  }

  private pop(): string {
    const { name } = this.look
    this.counts.set(name, (this.counts.get(name) ?? 1) - 1)
    this.look = this.stack.pop() ?? this.root
    return name
  }

  // HTML standard, "optional tags": a block ends an open paragraph, an item the one before it.
  private endUnclosed(name: string): void {
    const open = this.look.name
    if (open === 'p' && BLOCK.has(name)) this.pop()
    else if ((open === 'li' && name === 'li') || ((open === 'td' || open === 'th') && (name === 'td' || name === 'th')))
      this.pop()
    else if (open === 'head' && name === 'body') this.pop()
  }

  private hide(text: string, how: Hiding): void {
    if (this.hidden.length < MAX_HIDDEN) this.hidden.push({ text, how, first: !this.hasShown })
  }

  private trickOf({ tiny, colour, background }: Look): Hiding | null {
    if (tiny) return 'tiny'
    if (!colour || !background || !isSameColour(colour, background)) return null
    // The sheet may say what everything is painted on.
    return background === PAPER && this.hasSheet ? null : 'background'
  }

  private lookOf({ name, attributes }: OpenTag): Look {
    const around = this.look
    const unshown = around.unshown || (name !== 'head' && isUnshown(name))
    if (attributes.size === 0) return { ...around, name, unshown }
    const style = this.styleOf(attributes.get('style'))
    const gone = style?.gone || attributes.has('hidden')
    // What a sheet says of its classes we do not know.
    const dressed = this.hasSheet && (attributes.has('class') || attributes.has('id'))
    const background = backgroundOf(attributes, style)
    return {
      name,
      unshown,
      how: around.how ?? (gone ? 'gone' : (style?.faint ?? null)),
      tiny: style?.tiny ?? around.tiny,
      colour: style?.colour ?? toColour(attributes.get('color')) ?? (dressed ? null : around.colour),
      background: background === undefined ? (dressed ? null : around.background) : background,
    }
  }

  private styleOf(source: string | undefined): Style | undefined {
    if (source === undefined) return undefined
    const known = this.styles.get(source)
    if (known) return known
    const style = readStyle(source)
    if (this.styles.size < MAX_STYLES) this.styles.set(source, style)
    return style
  }

  private openAnchor({ attributes }: OpenTag): void {
    this.closeAnchor()
    const { how, unshown } = this.look
    if (how !== 'gone' && !unshown && !this.isGone(attributes)) this.href = attributes.get('href')
  }

  private isGone(attributes: OpenTag['attributes']): boolean {
    return attributes.has('hidden') || this.styleOf(attributes.get('style'))?.gone === true
  }

  private closeAnchor(): void {
    if (this.href !== undefined && this.anchors.length < MAX_ANCHORS)
      this.anchors.push({ href: this.href, shown: this.linked.replace(/\s+/g, ' ').trim() })
    this.href = undefined
    this.linked = ''
  }

  private image({ attributes }: OpenTag): void {
    const description = (attributes.get('alt') ?? '').slice(0, MAX_WORDS)
    if (description === '' || this.look.how === 'gone' || this.look.unshown) return
    this.shown.push(` ${description} `)
    if (this.href !== undefined) this.linked += ` ${description} `
  }
}

/** Undefined where the element says nothing of it, null where what it says cannot be told. */
function backgroundOf(attributes: OpenTag['attributes'], style: Style | undefined): Colour | null | undefined {
  if (style?.background !== undefined) return style.background
  return attributes.has('background') ? null : toColour(attributes.get('bgcolor'))
}
