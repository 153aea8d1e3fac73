import { ParseError } from '../parse-error.ts'

/** One `%{…}` of a macro-string (RFC 7208 §7.1). */
export interface Macro {
  letter: string
  /** The letter was upper case: the value is URL-escaped. */
  escaped: boolean
  reversed: boolean
  /** How many parts on the right are kept. */
  parts: number
  delimiters: string
}

/** A macro-string taken apart: text to be taken as it is, and macros. */
export type MacroString = (string | Macro)[]

// No name has more than 253 characters; a term of many macros would only cost us time.
const MAX_SPEC = 1024

const MACRO = /%\{([slodiphcrtv])(\d*)(r?)([.\-+,/_=]*)\}/iy
const ESCAPE = /%[%_-]/y
const LITERAL = /[\x21-\x24\x26-\x7e]+/y
const LITERAL_WITH_BLANKS = /[\x20-\x24\x26-\x7e]+/y
const ESCAPED: Record<string, string> = { '%%': '%', '%_': ' ', '%-': '%20' }

/** `macro-string` of RFC 7208 §7.1. An explanation text may hold blanks (§6.2, `explain-string`). */
export function parseMacroString(text: string, blanks = false): MacroString {
  return readPieces(text, blanks ? LITERAL_WITH_BLANKS : LITERAL).pieces
}

/**
 * `domain-spec`: a macro-string that ends in a macro or in a top label. `c`, `r` and `t` belong to explanation texts only
 * (RFC 7208 §7.2).
 */
export function parseDomainSpec(text: string): MacroString {
  if (text.length > MAX_SPEC) throw new ParseError('domain-spec too long')
  const { pieces, expanding } = readPieces(text, LITERAL)
  if (pieces.some((p) => typeof p !== 'string' && 'crt'.includes(p.letter)))
    throw new ParseError('macro for explanations only')
  if (!expanding && !endsInTopLabel(pieces.at(-1))) throw new ParseError('domain-spec without a top label')
  return pieces
}

/** `expanding`: the last piece was a `macro-expand`, the escapes `%%`, `%_` and `%-` among them. */
function readPieces(text: string, literal: RegExp): { pieces: MacroString; expanding: boolean } {
  const pieces: MacroString = []
  let expanding = false
  for (let at = 0; at < text.length; ) {
    const plain = matchAt(literal, text, at)
    const match = plain ?? matchAt(MACRO, text, at) ?? matchAt(ESCAPE, text, at)
    if (!match) throw new ParseError(`not a macro-string at ${at}`)
    pieces.push(plain ? plain[0] : (ESCAPED[match[0]] ?? toMacro(match)))
    expanding = !plain
    at += match[0].length
  }
  return { pieces, expanding }
}

function endsInTopLabel(piece: string | Macro | undefined): boolean {
  if (typeof piece !== 'string') return false
  const name = piece.endsWith('.') ? piece.slice(0, -1) : piece
  const dot = name.lastIndexOf('.')
  return dot >= 0 && isTopLabel(name.slice(dot + 1))
}

// RFC 7208 §7.1 `toplabel`: letters, digits and inner hyphens, but not digits only.
function isTopLabel(label: string): boolean {
  return /^[a-z0-9-]+$/i.test(label) && !/^-|-$|^\d+$/.test(label)
}

function toMacro(match: RegExpExecArray): Macro {
  const [, letter = '', digits = '', reverse, delimiters = ''] = match
  if (digits !== '' && Number(digits) === 0) throw new ParseError('zero parts of a macro')
  return {
    letter: letter.toLowerCase(),
    escaped: letter !== letter.toLowerCase(),
    reversed: reverse !== '',
    parts: digits === '' ? Number.POSITIVE_INFINITY : Number(digits),
    delimiters: delimiters || '.',
  }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}
