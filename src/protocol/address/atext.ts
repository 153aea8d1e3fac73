/** The characters of an atom (RFC 5322 §3.2.3) and, since RFC 6531 §3.3, everything above ASCII: the inside of a character class. */
export const ATEXT = "A-Za-z0-9!#$%&'*+\\-/=?^_`{|}~\\u{80}-\\u{10ffff}"

// Two flat patterns instead of one with a repeated group: that one overflows the stack on megabytes of `a a a`.
const ATOMS_AND_DOTS = new RegExp(`^[.${ATEXT}]+$`, 'u')
const ATOMS_AND_BLANKS = new RegExp(`^[ ${ATEXT}]+$`, 'u')

/** True for atoms joined by single dots: what may stand before an `@` without quotes. */
export function isDotAtom(text: string): boolean {
  return ATOMS_AND_DOTS.test(text) && !/^\.|\.\.|\.$/.test(text)
}

/** True for atoms joined by single blanks: a display name that needs no quotes. */
export function isPlainPhrase(text: string): boolean {
  return ATOMS_AND_BLANKS.test(text) && !/^ | {2}| $/.test(text)
}
