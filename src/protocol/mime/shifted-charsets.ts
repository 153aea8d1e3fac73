const ESCAPE = 0x1b
const SHIFT_OUT = 0x0e
const SHIFT_IN = 0x0f
const LF = 0x0a
const TILDE = 0x7e
const OPEN = 0x7b
const CLOSE = 0x7d

const gbk = new TextDecoder('gbk')
const eucKr = new TextDecoder('euc-kr')

/** ISO-2022-KR (RFC 1557): between SO and SI two bytes of seven bits are one character of KS X 1001. A line begins in ASCII. */
export function decodeIso2022Kr(bytes: Uint8Array): string {
  const out = Buffer.alloc(bytes.length)
  let size = 0
  let shifted = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!
    if (byte === SHIFT_OUT || byte === SHIFT_IN) shifted = byte === SHIFT_OUT
    else if (byte === ESCAPE && isDesignation(bytes, at)) at += 3
    else {
      if (byte === LF) shifted = false
      out[size++] = shifted ? raise(byte) : byte
    }
  }
  return eucKr.decode(out.subarray(0, size))
}

/** `ESC $ ) C` names the set that SO turns on; there is no other. */
function isDesignation(bytes: Uint8Array, at: number): boolean {
  return bytes[at + 1] === 0x24 && bytes[at + 2] === 0x29 && bytes[at + 3] === 0x43
}

/** HZ (RFC 1843): between `~{` and `~}` two bytes of seven bits are one character of GB 2312; `~~` is a tilde, `~` at a line end joins lines. */
export function decodeHz(bytes: Uint8Array): string {
  const out = Buffer.alloc(bytes.length)
  let size = 0
  let shifted = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!
    const next = bytes[at + 1]
    if (byte === TILDE && next === (shifted ? CLOSE : OPEN)) {
      shifted = !shifted
      at++
    } else if (byte === TILDE && next === LF) at++
    else if (byte === TILDE && next === TILDE && !shifted) out[size++] = bytes[at++]!
    else if (shifted && isRow(byte) && isRow(next)) {
      out[size++] = raise(byte)
      out[size++] = raise(bytes[++at]!)
    } else {
      if (byte === LF) shifted = false
      out[size++] = byte
    }
  }
  return gbk.decode(out.subarray(0, size))
}

function isRow(byte: number | undefined): boolean {
  return byte !== undefined && byte > 0x20 && byte < 0x7f
}

/** The same character in the set's eight-bit form. */
function raise(byte: number): number {
  return isRow(byte) ? byte | 0x80 : byte
}
