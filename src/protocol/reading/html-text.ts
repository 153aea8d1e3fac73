import { BLOCK, endsHead, hides } from './html-elements.ts'
import { decodeEntities } from './html-entities.ts'
import { type HtmlToken, scanHtml, VOID } from './html-scan.ts'
import { LineWriter } from './line-writer.ts'

const MAX_CHARS = 8 * 1024 * 1024

/**
 * The words of an HTML mail as plain text: blocks become lines, list items get a mark, cells of a row stand side by side, and links
 * leave their text only. What a reader would not see is dropped, unless the mail shows nothing else; then the descriptions of images
 * count too. At most 8 Mi characters are read, in one pass each.
 */
export function htmlToText(html: string): string {
  const source = html.length > MAX_CHARS ? html.slice(0, MAX_CHARS) : html
  return render(source, visibleTokens(source), false) || render(source, scanHtml(source), true)
}

function render(html: string, tokens: Iterable<HtmlToken>, withImages: boolean): string {
  const writer = new LineWriter()
  for (const token of tokens) {
    if (token.type === 'text') writer.words(decodeEntities(html.slice(token.start, token.end)))
    else if (token.type === 'close') writer.close(token.name)
    else {
      writer.open(token.name)
      if (withImages && token.name === 'img') writer.words(` ${token.attributes.get('alt') ?? ''} `)
    }
  }
  return writer.text()
}

/** The tokens of `html` without those inside elements that are not shown. */
export function* visibleTokens(html: string): Generator<HtmlToken> {
  let hidden: string | undefined
  let depth = 0
  for (const token of scanHtml(html)) {
    if (hidden !== undefined && token.type === 'open' && endsUnclosed(hidden, token.name)) hidden = undefined
    if (hidden === undefined) {
      if (token.type !== 'open' || !hides(token) || VOID.has(token.name)) yield token
      else {
        hidden = token.name
        depth = 1
      }
    } else if (token.type !== 'text' && token.name === hidden) {
      depth += token.type === 'open' ? 1 : -1
      if (depth === 0) hidden = undefined
    }
  }
}

// HTML standard, "optional tags": a block ends an open paragraph, what is no metadata ends the head.
function endsUnclosed(hidden: string, name: string): boolean {
  if (hidden === 'head') return endsHead(name)
  return hidden === 'p' && BLOCK.has(name)
}
