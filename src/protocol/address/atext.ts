/** The characters of an atom (RFC 5322 §3.2.3) and, since RFC 6531 §3.3, everything above ASCII: the inside of a character class. */
export const ATEXT = "A-Za-z0-9!#$%&'*+\\-/=?^_`{|}~\\u{80}-\\u{10ffff}"

const DOT_ATOM = new RegExp(`^[${ATEXT}]+(?:\\.[${ATEXT}]+)*$`, 'u')
const ATOMS = new RegExp(`^[${ATEXT}]+(?: [${ATEXT}]+)*$`, 'u')

/** True for atoms joined by single dots: what may stand before an `@` without quotes. */
export function isDotAtom(text: string): boolean {
  return DOT_ATOM.test(text)
}

/** True for atoms joined by single blanks: a display name that needs no quotes. */
export function isPlainPhrase(text: string): boolean {
  return ATOMS.test(text)
}
