import { ParseError } from '../parse-error.ts'

/** The value of the quoted-string (RFC 5322 §3.2.4) whose opening quote stands at `start`, and the offset behind its closing one. */
export function readQuotedString(text: string, start: number): { value: string; end: number } {
  let value = ''
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '"') return { value, end: at + 1 }
    if (text[at] === '\\') at++
    value += text[at] ?? ''
  }
  throw new ParseError('a quoted string has no end')
}

/** The value between quotes, with `"` and `\` escaped. */
export function writeQuotedString(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`
}
