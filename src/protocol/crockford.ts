const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

/** Lower-case Crockford base32 of bytes whose bits are a multiple of five: five bytes make eight characters. */
export function encodeCrockford(bytes: Uint8Array): string {
  let bits = 0
  let held = 0
  let text = ''
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += ALPHABET[(held >> bits) & 31]
    }
    held &= (1 << bits) - 1
  }
  return text
}
