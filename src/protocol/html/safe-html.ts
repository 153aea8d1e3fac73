import { createRequire } from 'node:module'
import type sanitizeHtml from 'sanitize-html'
import { htmlToText } from '../reading/html-text.ts'

/** Beyond these nobody means it, and cleaning would take seconds. */
const NESTING = 200
const MAX_LENGTH = 1024 * 1024

const blocks =
  'address article aside blockquote center dd details div dl dt figcaption figure footer header h1 h2 h3 h4 h5 h6'
const texts =
  'a abbr b big bdi bdo br cite code del dfn em font hr i ins kbd mark p pre q s samp small span strike strong'
const others =
  'sub summary sup time tt u var wbr li main nav ol section ul img table caption col colgroup tbody td tfoot th thead tr'
const size = ['width', 'height', 'align', 'valign', 'bgcolor']

// Nothing that loads, moves out of its place or runs.
const plain = [/^[\w\s#.,%+'"-]{1,200}$/, /^rgba?\([\d\s.,%/]{1,60}\)$/]
const styles = [
  'color background-color border border-top border-right border-bottom border-left border-color border-style border-width',
  'border-radius border-collapse border-spacing padding padding-top padding-right padding-bottom padding-left',
  'margin margin-top margin-right margin-bottom margin-left width max-width min-width height max-height line-height',
  'font-family font-size font-style font-weight letter-spacing text-align text-decoration text-transform vertical-align',
  'white-space word-break display list-style-type direction',
].flatMap((names) => names.split(' '))

/** `imagesIn` is the attribute that the address of an image of another server goes to. */
const cleaning = (imagesIn: 'src' | 'data-src'): sanitizeHtml.IOptions => ({
  allowedTags: [blocks, texts, others].flatMap((names) => names.split(' ')),
  allowedAttributes: {
    '*': ['style', 'title', 'dir', 'lang', 'align'],
    a: ['href', 'name', 'target', 'rel'],
    img: ['src', 'data-src', 'alt', ...size],
    table: ['border', 'cellpadding', 'cellspacing', ...size],
    td: ['colspan', 'rowspan', ...size],
    th: ['colspan', 'rowspan', ...size],
    tr: size,
    col: ['span', ...size],
    font: ['color', 'face', 'size'],
    ol: ['start', 'type'],
  },
  allowedStyles: { '*': Object.fromEntries(styles.map((name) => [name, plain])) },
  allowedSchemes: ['http', 'https', 'mailto', 'tel'],
  allowedSchemesByTag: { img: ['cid', 'data', 'http', 'https'] },
  allowedSchemesAppliedToAttributes: ['href', 'src'],
  allowProtocolRelative: false,
  transformTags: {
    a: (tagName, attribs) => ({
      tagName,
      attribs: { ...attribs, target: '_blank', rel: 'noopener noreferrer nofollow' },
    }),
    img: (tagName, { src = '', 'data-src': _, ...attribs }) => ({
      tagName,
      attribs: { ...attribs, ...imageSource(src, imagesIn) },
    }),
  },
})

let sanitize: typeof sanitizeHtml | undefined
const [closed, open] = [cleaning('data-src'), cleaning('src')]

const ownImage = /^(?:cid:|data:image\/(?:png|jpe?g|gif|webp|bmp)[;,])/i

// Nobody is told that the mail was opened: an image that is somewhere else is loaded when its reader asks for it.
function imageSource(src: string, imagesIn: string): Record<string, string> {
  if (ownImage.test(src)) return { src }
  return /^https?:\/\//i.test(src) ? { [imagesIn]: src } : {}
}

/**
 * The HTML of a mail with everything taken out that runs, loads, submits or leaves its place. Images of other servers keep their
 * address in `data-src`, unless somebody asks to see them. What is very long or very deep comes as its words alone. Show it in a
 * sandboxed frame all the same.
 */
export function safeHtml(html: string, { remoteImages = false }: { remoteImages?: boolean } = {}): string {
  if (html.length > MAX_LENGTH || isTooDeep(html)) return wordsAsHtml(html)
  // Loaded for the first HTML that is shown: a server at rest does without, and whoever shows it need not wait.
  sanitize ??= createRequire(import.meta.url)('sanitize-html') as typeof sanitizeHtml
  return sanitize(html, remoteImages ? open : closed)
}

/** The words of an HTML mail alone, as HTML. */
export function wordsAsHtml(html: string): string {
  return `<pre>${escapeText(htmlToText(html))}</pre>`
}

// The first hold nothing; the others end by themselves where the next one begins, and many mails leave it at that.
const uncounted = new Set(
  ['area base br col embed hr img input link meta source track wbr', 'p li dt dd tr td th tbody thead tfoot option']
    .join(' ')
    .split(' '),
)

// Counted coarsely: an end tag closes something, whatever it is.
function isTooDeep(html: string): boolean {
  let depth = 0
  for (const [, end, name = ''] of html.matchAll(/<(\/?)([a-z][a-z0-9]{0,20})/gi)) {
    if (uncounted.has(name.toLowerCase())) continue
    depth = end ? Math.max(0, depth - 1) : depth + 1
    if (depth > NESTING) return true
  }
  return false
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
