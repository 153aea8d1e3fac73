import { ParseError } from '../parse-error.ts'
import { type AddrSpec, parseAddrSpec, refuseControls } from './addr-spec.ts'
import type { Address } from './address.ts'
import { ATEXT } from './atext.ts'
import { readQuotedString } from './quoted-string.ts'

/**
 * Exactly one address, `user@host` or `Name <user@host>` (RFC 5322 §3.4). Lists, groups, routes, comments and control characters
 * are refused. The domain comes back in lower-case ASCII.
 */
export function parseAddress(text: string): Address & AddrSpec {
  refuseControls(text)
  const trimmed = text.trim()
  if (!trimmed.endsWith('>')) return { name: null, ...parseAddrSpec(trimmed) }
  const { name, end } = readPhrase(trimmed)
  return { name, ...parseAddrSpec(trimmed.slice(end + 1, -1)) }
}

// A word of a phrase; dots are obsolete there (RFC 5322 §4.1) but every `John Q. Public` has one.
const WORD = new RegExp(`[.${ATEXT}]+`, 'uy')

/** The display name before `<`, and where that stands. */
function readPhrase(text: string): { name: string | null; end: number } {
  const words: string[] = []
  let at = 0
  while (text[at] !== '<') {
    const { word, end } = text[at] === '"' ? quotedWord(text, at) : plainWord(text, at)
    words.push(word)
    at = end
    while (text[at] === ' ') at++
  }
  const name = words.join(' ')
  return { name: name.trim() === '' ? null : name, end: at }
}

function quotedWord(text: string, at: number): { word: string; end: number } {
  const { value, end } = readQuotedString(text, at)
  return { word: value, end }
}

function plainWord(text: string, at: number): { word: string; end: number } {
  WORD.lastIndex = at
  const word = WORD.exec(text)?.[0]
  if (word === undefined)
    throw new ParseError('the name before the address needs quotes, or there is more than one address')
  return { word, end: at + word.length }
}
