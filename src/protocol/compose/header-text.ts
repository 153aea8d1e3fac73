import { ParseError } from '../parse-error.ts'

/** Throws on what would end a header line or be lost in it: CR, LF, NUL and halves of surrogate pairs. Nothing is cut in silence. */
export function checkHeaderText(what: string, text: string): string {
  if (/[\r\n\0]/.test(text)) throw new ParseError(`${what} has a line break or a NUL`)
  if (!text.isWellFormed()) throw new ParseError(`${what} is not valid Unicode`)
  return text
}
