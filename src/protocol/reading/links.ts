import type { Anchor } from './html-reading.ts'
import { type LinkKind, linkWords } from './link-words.ts'

export interface FoundLink {
  href: string
  /** The words the link is shown with; the address itself where there are none. */
  text: string
  kind: LinkKind
  /** How sure the kind is, 0 to 1. */
  confidence: number
}

const MAX_LINKS = 100
const MAX_TEXT = 200
const MAX_HREF = 8192
const MAX_SOURCE = 2 * 1024 * 1024

const ORDER: readonly LinkKind[] = ['verify', 'reset', 'login', 'other', 'unsubscribe']

/**
 * The web links of a mail, at most 100, each address once: what confirms, resets or signs in first, then the others as they come in
 * the mail, then what unsubscribes. Links of the HTML come before those that stand only in the text.
 */
export function findLinks(text: string, anchors: readonly Anchor[]): FoundLink[] {
  const words = new Map<string, string>()
  collectAnchors(anchors, words)
  collectText(text.slice(0, MAX_SOURCE), words)
  return [...words]
    .map(([href, shown]) => ({ href, text: shown || href, ...classify(href, shown) }))
    .sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || b.confidence - a.confidence)
}

function collectAnchors(anchors: readonly Anchor[], words: Map<string, string>): void {
  for (const { href, shown } of anchors) {
    if (words.size >= MAX_LINKS) return
    add(words, href, shown.slice(0, MAX_TEXT).toWellFormed())
  }
}

function collectText(text: string, words: Map<string, string>): void {
  for (const match of text.matchAll(/\bhttps?:\/\/[^\s<>"'`\u3000-\u3002\uff08-\uff1f]+/gi)) {
    if (words.size >= MAX_LINKS) return
    if (match[0].length <= MAX_HREF) add(words, withoutPunctuation(match[0]), '')
  }
}

/** What a sentence put behind the address is no part of it; a bracket is when it was opened inside. */
function withoutPunctuation(address: string): string {
  let end = address.length
  for (; end > 0; end--) {
    const last = address[end - 1]!
    if (last === ')' && address.includes('(')) break
    if (!'.,;:!?)]}*_|\\'.includes(last)) break
  }
  return address.slice(0, end)
}

function add(words: Map<string, string>, address: string, shown: string): void {
  // Browsers drop line ends and tabs inside an address.
  const href = address.replace(/[\t\r\n]/g, '').trim()
  if (href.length > MAX_HREF || !/^https?:\/\//i.test(href) || !URL.canParse(href)) return
  if (!words.get(href)) words.set(href, shown)
}

function classify(href: string, shown: string): { kind: LinkKind; confidence: number } {
  const url = new URL(href)
  const words = shown.toLowerCase().normalize('NFC')
  const address = `${url.pathname}${url.search}`.slice(0, 1000).toLowerCase()
  for (const [kind, pattern] of linkWords) {
    const inWords = pattern.test(words) && !/^https?:/.test(words)
    const inAddress = pattern.test(address)
    if (inWords || inAddress) return { kind, confidence: inWords && inAddress ? 0.97 : inWords ? 0.9 : 0.7 }
  }
  return { kind: 'other', confidence: 0.5 }
}
