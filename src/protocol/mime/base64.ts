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
  const group: Group = { bits: 0, digits: 0 }
  let size = 0
  let damaged = false
  let goesOn: boolean | undefined
  for (let at = 0; at < bytes.length; ) {
    if (group.digits === 0) {
      const groups = decodeGroups(bytes, at, out, size)
      at += groups * 4
      size += groups * 3
      if (at >= bytes.length) break
    }
    const value = TABLE[bytes[at++]!]!
    if (value < 64) {
      group.bits = (group.bits << 6) | value
      if (++group.digits === 4) size = flush(group, out, size)
    } else if (value === JUNK) damaged = true
    else if (value === PAD && group.digits > 1) {
      size = flush(group, out, size)
      goesOn ??= isAllBase64(bytes, at)
      if (goesOn) continue
      damaged = true
      break
    }
  }
  if (group.digits === 1) damaged = true
  return { bytes: out.subarray(0, flush(group, out, size)), damaged }
}

/** A group of up to four digits, not yet complete. */
interface Group {
  bits: number
  digits: number
}

/** The quick way through whole groups without anything between; returns how many there were. */
function decodeGroups(bytes: Uint8Array, from: number, out: Buffer, start: number): number {
  let at = from
  let size = start
  for (; at + 4 <= bytes.length; at += 4) {
    const a = TABLE[bytes[at]!]!
    const b = TABLE[bytes[at + 1]!]!
    const c = TABLE[bytes[at + 2]!]!
    const d = TABLE[bytes[at + 3]!]!
    if ((a | b | c | d) >= 64) break
    out[size++] = (a << 2) | (b >> 4)
    out[size++] = (b << 4) | (c >> 2)
    out[size++] = (c << 6) | d
  }
  return (at - from) / 4
}

/** Writes the whole bytes of a group and empties it. */
function flush(group: Group, out: Buffer, start: number): number {
  const { digits } = group
  const bits = group.bits << (6 * (4 - digits))
  let size = start
  if (digits > 1) out[size++] = bits >> 16
  if (digits > 2) out[size++] = bits >> 8
  if (digits > 3) out[size++] = bits
  group.bits = 0
  group.digits = 0
  return size
}

function isAllBase64(bytes: Uint8Array, from: number): boolean {
  for (let at = from; at < bytes.length; at++) if (TABLE[bytes[at]!] === JUNK) return false
  return true
}

const SAMPLE = 4096

/** False for bytes that only claim to be base64: words with blanks between them, or much outside the alphabet. */
export function looksLikeBase64(bytes: Uint8Array): boolean {
  if (beginsAsBase64(bytes)) return true
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

const SURE_LINE = 40

/** True when the first line can hardly be anything else: lists put their footers behind such bodies, in words. */
function beginsAsBase64(bytes: Uint8Array): boolean {
  let at = 0
  while (at < bytes.length && TABLE[bytes[at]!]! < 64) at++
  return at >= SURE_LINE || (at >= 4 && at % 4 !== 1 && bytes[at] === 61)
}
