import { parseLooseAddrSpec } from '../address/addr-spec.ts'
import type { Address } from '../address/address.ts'
import { isPlainPhrase } from '../address/atext.ts'
import { writeQuotedString } from '../address/quoted-string.ts'
import { ENCODED_WORD_FRAME, encodedWords } from './encoded-word.ts'
import { PREFERRED_LINE } from './fold.ts'
import { checkHeaderText } from './header-text.ts'

// A word longer than this would come near the 998 octets of a line (RFC 5322 §2.1.1).
const MAX_WORD = 900
const MAX_PHRASE_WORD = 60
const MAX_UNBROKEN = 64

/** The words of an unstructured field (RFC 5322 §2.2.1): as they are, but from the first that needs it to the last one encoded. */
export function unstructuredWords(field: string, text: string): string[] {
  checkHeaderText(field, text)
  if (text === '') return []
  const firstRoom = PREFERRED_LINE - `${field}: `.length - ENCODED_WORD_FRAME
  if (text !== text.trim()) return encodedWords(text, firstRoom)
  // Each further blank goes with the word behind it, so that no line ends in a blank and unfolding gives back the same text.
  const words = text.split(/(?<=[^ ]) /)
  const first = words.findIndex(needsEncoding)
  if (first < 0) return words
  let end = words.findLastIndex(needsEncoding) + 1
  while (words[end]?.startsWith(' ')) end++
  const encoded = encodedWords(words.slice(first, end).join(' '), first === 0 ? firstRoom : undefined)
  return [...words.slice(0, first), ...encoded, ...words.slice(end)]
}

/** The words of a list of mailboxes (RFC 5322 §3.4), commas included. */
export function mailboxListWords(field: string, addresses: readonly Address[]): string[] {
  return addresses.flatMap((address, i) => {
    const words = mailboxWords(field, address)
    return i === addresses.length - 1 ? words : [...words.slice(0, -1), `${words.at(-1)},`]
  })
}

function mailboxWords(field: string, { name, address }: Address): string[] {
  const addrSpec = parseLooseAddrSpec(address).address
  const phrase = checkHeaderText(`a name in ${field}`, name ?? '')
  const words = phrase.trim() === '' ? [addrSpec] : [...phraseWords(phrase), `<${addrSpec}>`]
  // A short name stays on the line of its address.
  const joined = words.join(' ')
  return Buffer.byteLength(joined) <= MAX_UNBROKEN ? [joined] : words
}

function phraseWords(name: string): string[] {
  if (!isPlainText(name)) return encodedWords(name)
  if (isPlainPhrase(name)) return name.split(' ')
  return [writeQuotedString(name)]
}

// Blanks at the ends or side by side are not safe outside an encoded-word, not even in quotes.
function isPlainText(name: string): boolean {
  const words = name.split(' ')
  const short =
    name.length <= MAX_PHRASE_WORD || (isPlainPhrase(name) && words.every((w) => w.length <= MAX_PHRASE_WORD))
  return short && words.every((word) => word !== '' && !needsEncoding(word))
}

// What looks like an encoded-word is encoded, or readers would decode it.
function needsEncoding(word: string): boolean {
  return /[^ -~]/.test(word) || word.includes('=?') || word.length > MAX_WORD
}
