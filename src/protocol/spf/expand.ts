import type { Macro, MacroString } from './macro.ts'

/** What a macro letter stands for (RFC 7208 §7.2), before its transformers. */
export type MacroValue = (letter: string) => string | Promise<string>

/** A name for the DNS: cut from the left, label by label, to 253 characters; the trailing dot goes (RFC 7208 §7.3). */
export async function expandDomain(pieces: MacroString, value: MacroValue): Promise<string> {
  // What more than 253 characters on the right leave of the left is cut anyway.
  const name = (await expandFromRight(pieces, value, 255)).replace(/\.$/, '')
  if (name.length <= 253) return name
  const dot = name.indexOf('.', name.length - 254)
  return dot < 0 ? '' : name.slice(dot + 1)
}

/** The text of an explanation; null when it grows beyond `maxLength`. */
export async function expandText(pieces: MacroString, value: MacroValue, maxLength: number): Promise<string | null> {
  const text = await expandFromRight(pieces, value, maxLength)
  return text.length > maxLength ? null : text
}

async function expandFromRight(pieces: MacroString, value: MacroValue, enough: number): Promise<string> {
  let text = ''
  for (let i = pieces.length - 1; i >= 0 && text.length <= enough; i--) {
    const piece = pieces[i] ?? ''
    text = (typeof piece === 'string' ? piece : transform(piece, await value(piece.letter))) + text
  }
  return text
}

function transform(macro: Macro, value: string): string {
  const parts = splitAt(value, macro.delimiters)
  if (macro.reversed) parts.reverse()
  const text = parts.slice(-macro.parts).join('.')
  return macro.escaped ? escapeUrl(text) : text
}

function splitAt(value: string, delimiters: string): string[] {
  const parts = ['']
  for (const char of value) {
    if (delimiters.includes(char)) parts.push('')
    else parts[parts.length - 1] += char
  }
  return parts
}

/** All but `unreserved` of RFC 3986 §2.3, as octets of UTF-8. */
function escapeUrl(text: string): string {
  const encode = (octet: number) => `%${octet.toString(16).toUpperCase().padStart(2, '0')}`
  return text.replace(/[^A-Za-z0-9._~-]/gu, (char) => [...Buffer.from(char)].map(encode).join(''))
}
