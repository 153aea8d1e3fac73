// What a byte is in base64 (RFC 2045 §6.8): a value below 64, or one of these.
const BLANK = 64
const PAD = 65
const JUNK = 66

const TABLE = makeTable()

function makeTable(): Uint8Array {
  const table = new Uint8Array(256).fill(JUNK)
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  for (let i = 0; i < 64; i++) table[alphabet.charCodeAt(i)] = i
  for (const blank of [9, 10, 11, 12, 13, 32]) table[blank] = BLANK
  table['='.charCodeAt(0)] = PAD
  return table
}

/**
 * Base64 as mails write it: characters outside the alphabet are passed over (RFC 2045 §6.8), missing padding is forgiven. Padding ends
 * the data, since mailing lists write their footers behind it, unless everything behind it is base64 again: some mailers pad every line.
 */
export function decodeBase64(bytes: Uint8Array): { bytes: Buffer; damaged: boolean } {
  const out = Buffer.allocUnsafe(Math.ceil((bytes.length * 3) / 4) + 3)
  let size = 0
  let bits = 0
  let digits = 0
  let damaged = false
  let at = 0
  let goesOn: boolean | undefined
  const length = bytes.length
  const flush = () => {
    if (digits > 1) out[size++] = digits === 2 ? bits >> 4 : bits >> 10
    if (digits === 3) out[size++] = (bits >> 2) & 255
    digits = 0
    bits = 0
  }
  while (at < length) {
    if (digits === 0 && at + 4 <= length) {
      const a = TABLE[bytes[at]!]!
      const b = TABLE[bytes[at + 1]!]!
      const c = TABLE[bytes[at + 2]!]!
      const d = TABLE[bytes[at + 3]!]!
      if ((a | b | c | d) < 64) {
        out[size++] = (a << 2) | (b >> 4)
        out[size++] = (b << 4) | (c >> 2)
        out[size++] = (c << 6) | d
        at += 4
        continue
      }
    }
    const value = TABLE[bytes[at++]!]!
    if (value < 64) {
      bits = (bits << 6) | value
      if (++digits < 4) continue
      out[size++] = bits >> 16
      out[size++] = bits >> 8
      out[size++] = bits
      digits = 0
      bits = 0
    } else if (value === JUNK) damaged = true
    else if (value === PAD) {
      if (digits < 2) continue
      flush()
      goesOn ??= isAllBase64(bytes, at)
      if (goesOn) continue
      damaged = true
      break
    }
  }
  if (digits === 1) damaged = true
  flush()
  return { bytes: out.subarray(0, size), damaged }
}

function isAllBase64(bytes: Uint8Array, from: number): boolean {
  for (let at = from; at < bytes.length; at++) if (TABLE[bytes[at]!] === JUNK) return false
  return true
}

const SAMPLE = 4096

/** False for bytes that only claim to be base64: words with blanks between them, or much outside the alphabet. */
export function looksLikeBase64(bytes: Uint8Array): boolean {
  const length = Math.min(bytes.length, SAMPLE)
  let junk = 0
  let gaps = 0
  for (let at = 0; at < length; at++) {
    const value = TABLE[bytes[at]!]!
    if (value === JUNK) junk++
    // A blank inside a line; at its end it is only untidy.
    else if (bytes[at] === 32 && at > 0 && TABLE[bytes[at - 1]!]! < 64 && TABLE[bytes[at + 1] ?? 32]! < 64) gaps++
  }
  return (junk + gaps) * 16 <= length
}
