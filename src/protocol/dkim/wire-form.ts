import { ParseError } from '../parse-error.ts'

const LF = 10
const CR = 13

/**
 * The message with the line ends it had on the wire. A message whose first line ends in a bare LF was kept in Unix form and
 * gets its CRs back; any other is returned as it is, stray LFs and all, since those were signed that way.
 */
export function wireForm(message: Uint8Array): Uint8Array {
  const first = message.indexOf(LF)
  if (first < 0 || (first > 0 && message[first - 1] === CR)) return message
  const out = Buffer.allocUnsafe(message.length * 2)
  let length = 0
  for (let at = 0; at < message.length; at++) {
    const byte = message[at]!
    if (byte === LF && message[at - 1] !== CR) out[length++] = CR
    out[length++] = byte
  }
  return out.subarray(0, length)
}

/** ParseError unless every line of the message ends in CRLF: servers on the way mend other line ends and break the signature. */
export function requireCrlf(message: Uint8Array): void {
  for (let at = message.indexOf(LF); at >= 0; at = message.indexOf(LF, at + 1)) {
    if (message[at - 1] !== CR) throw new ParseError('a line does not end in CRLF')
  }
  for (let at = message.indexOf(CR); at >= 0; at = message.indexOf(CR, at + 1)) {
    if (message[at + 1] !== LF) throw new ParseError('a CR stands alone')
  }
}
