import { decodeEntities } from './html-entities.ts'

/** A piece of HTML source. `start` and `end` are its place in the source; names are in lower case. */
export type HtmlToken =
  | { type: 'text'; start: number; end: number }
  | { type: 'open'; name: string; attributes: ReadonlyMap<string, string>; start: number; end: number }
  | { type: 'close'; name: string; start: number; end: number }

const MAX_ATTRIBUTES = 64
/** Longer values read as empty: half an address would be another address. */
const MAX_VALUE = 16_384
const MAX_NAME = 64

/** Elements whose content is not markup (HTML standard, tokenizer states RCDATA and RAWTEXT). Their text is no text of the mail. */
const RAW = new Set(['script', 'style', 'title', 'textarea', 'xmp', 'iframe', 'noembed', 'noframes'])

export const VOID = new Set(
  'area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr'.split(' '),
)

/**
 * Cuts HTML into tags and text, following the tokenizer of the HTML standard for what mails hold. Comments, declarations, and the
 * content of scripts and styles yield nothing. Never throws; every character is passed once, so time is linear in any input.
 */
export function* scanHtml(html: string): Generator<HtmlToken> {
  let at = 0
  while (at < html.length) {
    const lt = html.indexOf('<', at)
    const textEnd = lt < 0 ? html.length : lt
    if (textEnd > at) yield { type: 'text', start: at, end: textEnd }
    if (lt < 0) return
    const code = html.charCodeAt(lt + 1)
    if (isLetter(code)) {
      const tag = readTag(html, lt)
      if (!tag) return
      yield tag
      at = RAW.has(tag.name) ? rawEnd(html, tag.end, tag.name) : tag.end
    } else if (code === SLASH && isLetter(html.charCodeAt(lt + 2))) {
      const end = after(html, '>', lt)
      yield { type: 'close', name: readName(html, lt + 2), start: lt, end }
      at = end
    } else if (code === BANG || code === QUESTION || code === SLASH) {
      at = html.startsWith('<!--', lt) ? commentEnd(html, lt + 4) : after(html, '>', lt)
    } else {
      yield { type: 'text', start: lt, end: lt + 1 }
      at = lt + 1
    }
  }
}

const [BANG, SLASH, QUESTION, GT, EQUALS, QUOTE, APOSTROPHE] = [33, 47, 63, 62, 61, 34, 39]

const isLetter = (code: number) => (code >= 97 && code <= 122) || (code >= 65 && code <= 90)
const isSpace = (code: number) => code === 32 || (code >= 9 && code <= 13)

function after(html: string, text: string, from: number): number {
  const at = html.indexOf(text, from)
  return at < 0 ? html.length : at + text.length
}

function commentEnd(html: string, from: number): number {
  if (html.startsWith('>', from)) return from + 1
  return html.startsWith('->', from) ? from + 2 : after(html, '-->', from)
}

function rawEnd(html: string, from: number, name: string): number {
  for (let at = html.indexOf('</', from); at >= 0; at = html.indexOf('</', at + 2)) {
    if (html.slice(at + 2, at + 2 + name.length).toLowerCase() === name) return at
  }
  return html.length
}

function nameEnd(html: string, from: number): number {
  let at = from
  for (; at < html.length; at++) {
    const code = html.charCodeAt(at)
    if (isSpace(code) || code === GT || code === SLASH) break
  }
  return at
}

function readName(html: string, from: number): string {
  return html.slice(from, Math.min(nameEnd(html, from), from + MAX_NAME)).toLowerCase()
}

/** The tag that begins at `start`; undefined when the source ends inside it, where a browser drops it too. */
function readTag(html: string, start: number): (HtmlToken & { type: 'open' }) | undefined {
  const attributes = new Map<string, string>()
  let at = nameEnd(html, start + 1)
  const name = html.slice(start + 1, Math.min(at, start + 1 + MAX_NAME)).toLowerCase()
  while (at < html.length) {
    const code = html.charCodeAt(at)
    if (code === GT) return { type: 'open', name, attributes, start, end: at + 1 }
    if (isSpace(code) || code === SLASH) at++
    else at = readAttribute(html, at, attributes)
  }
  return undefined
}

function readAttribute(html: string, from: number, attributes: Map<string, string>): number {
  let at = from + 1
  while (at < html.length && !endsAttributeName(html.charCodeAt(at))) at++
  const name = html.slice(from, Math.min(at, from + MAX_NAME)).toLowerCase()
  at = skipSpace(html, at)
  if (html.charCodeAt(at) !== EQUALS) return keep(attributes, name, '', at)
  at = skipSpace(html, at + 1)
  const quote = html.charCodeAt(at)
  if (quote !== QUOTE && quote !== APOSTROPHE) {
    const valueFrom = at
    while (at < html.length && html.charCodeAt(at) !== GT && !isSpace(html.charCodeAt(at))) at++
    return keep(attributes, name, value(html, valueFrom, at), at)
  }
  const end = html.indexOf(html[at]!, at + 1)
  if (end < 0) return html.length
  return keep(attributes, name, value(html, at + 1, end), end + 1)
}

const value = (html: string, start: number, end: number) => (end - start > MAX_VALUE ? '' : html.slice(start, end))

const endsAttributeName = (code: number) => isSpace(code) || code === SLASH || code === GT || code === EQUALS

function skipSpace(html: string, from: number): number {
  let at = from
  while (at < html.length && isSpace(html.charCodeAt(at))) at++
  return at
}

// The first of two attributes with one name counts.
function keep(attributes: Map<string, string>, name: string, value: string, next: number): number {
  if (attributes.size < MAX_ATTRIBUTES && !attributes.has(name)) attributes.set(name, decodeEntities(value, true))
  return next
}
