const LF = 0x0a
const CR = 0x0d
const DOT = 0x2e

/**
 * A message as it goes over the wire after 354, without the last dot (RFC 5321 §4.5.2): a dot before each dot that begins a line, and
 * CRLF for every CR or LF that stands alone, since a bare one lets text end the message on careless servers (§2.3.8). What needs
 * nothing of this is answered as it is, uncopied.
 */
export function encodeData(raw: Buffer): Buffer {
  const length = raw.length + countInsertions(raw)
  if (length === raw.length) return raw
  const out = Buffer.allocUnsafe(length)
  let to = 0
  let before = LF
  for (let at = 0; at < raw.length; at++) {
    const byte = raw[at]!
    if (byte === LF && before !== CR) out[to++] = CR
    if (byte === DOT && before === LF) out[to++] = DOT
    out[to++] = byte
    before = byte
    if (byte === CR && raw[at + 1] !== LF) {
      out[to++] = LF
      before = LF
    }
  }
  return out
}

/** What ends this data: the last dot on a line of its own. */
export function endOfData(encoded: Buffer): string {
  return encoded.length === 0 || encoded.at(-1) === LF ? '.\r\n' : '\r\n.\r\n'
}

function countInsertions(raw: Buffer): number {
  let count = 0
  let before = LF
  for (let at = 0; at < raw.length; at++) {
    const byte = raw[at]!
    if (byte === LF && before !== CR) count++
    if (byte === DOT && before === LF) count++
    before = byte
    if (byte === CR && raw[at + 1] !== LF) {
      count++
      before = LF
    }
  }
  return count
}
