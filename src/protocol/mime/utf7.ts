const PLUS = 43
const MINUS = 45

const DIGITS = new Int8Array(256).fill(-1)
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
for (let i = 0; i < 64; i++) DIGITS[ALPHABET.charCodeAt(i)] = i

const utf16 = new TextDecoder('utf-16le', { ignoreBOM: true })

/** UTF-7 (RFC 2152): `+` opens UTF-16 in base64, `-` or any other character closes it, `+-` is a plus. Bytes above 127 are taken as Latin-1. */
export function decodeUtf7(bytes: Uint8Array): string {
  const units = new Uint16Array(bytes.length)
  let size = 0
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at++]!
    if (byte !== PLUS) {
      units[size++] = byte
      continue
    }
    if (bytes[at] === MINUS) {
      units[size++] = PLUS
      at++
      continue
    }
    let bits = 0
    let held = 0
    for (let digit = digitAt(bytes, at); digit >= 0; digit = digitAt(bytes, ++at)) {
      bits = ((bits << 6) | digit) & 0x3fffff
      held += 6
      if (held < 16) continue
      held -= 16
      units[size++] = bits >> held
    }
    if (bytes[at] === MINUS) at++
  }
  return utf16.decode(units.subarray(0, size))
}

function digitAt(bytes: Uint8Array, at: number): number {
  return at < bytes.length ? DIGITS[bytes[at]!]! : -1
}
