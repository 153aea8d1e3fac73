const EQUALS = 61
const LF = 10
const CR = 13

const HEX = new Int8Array(256).fill(-1)
for (let i = 0; i < 16; i++) {
  HEX['0123456789ABCDEF'.charCodeAt(i)] = i
  HEX['0123456789abcdef'.charCodeAt(i)] = i
}

/**
 * Quoted-printable (RFC 2045 §6.7): blanks at the end of a line are dropped as rule 3 asks, line ends stay as they are,
 * and an `=` that encodes nothing stays where it is.
 */
export function decodeQuotedPrintable(bytes: Uint8Array): { bytes: Buffer; damaged: boolean } {
  const out = Buffer.allocUnsafe(bytes.length)
  let size = 0
  // Everything before this is to stay; behind it are blanks that the end of the line would drop.
  let firm = 0
  let damaged = false
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at++]!
    if (byte === EQUALS) {
      const high = HEX[bytes[at] ?? 0]!
      const low = HEX[bytes[at + 1] ?? 0]!
      if (high >= 0 && low >= 0) {
        out[size++] = (high << 4) | low
        at += 2
      } else {
        const next = skipSoftBreak(bytes, at)
        if (next < 0) {
          damaged = true
          out[size++] = byte
        } else at = next
      }
      firm = size
    } else if (byte === LF || (byte === CR && bytes[at] === LF)) {
      size = firm
      out[size++] = byte
      if (byte === CR) out[size++] = bytes[at++]!
      firm = size
    } else {
      out[size++] = byte
      if (byte !== 32 && byte !== 9) firm = size
    }
  }
  return { bytes: out.subarray(0, firm), damaged }
}

/** Where the text goes on behind a soft line break, blanks before the line end forgiven; -1 when it is none. */
function skipSoftBreak(bytes: Uint8Array, from: number): number {
  let at = from
  while (bytes[at] === 32 || bytes[at] === 9) at++
  if (at >= bytes.length) return at
  if (bytes[at] === CR && bytes[at + 1] === LF) return at + 2
  return bytes[at] === LF ? at + 1 : -1
}
