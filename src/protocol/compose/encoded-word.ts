/** The length of `=?utf-8?B?` and `?=`. */
export const ENCODED_WORD_FRAME = 12
// With the frame 64: behind `Subject: ` still within the 76 of RFC 2047 §2.
const ROOM = 52
// What one character takes at most in either encoding.
const MIN_ROOM = 12

/**
 * Text as encoded-words (RFC 2047), Q unless that would hide most of it, none longer than 64 characters and none splitting a character.
 * `firstRoom` is what the first may hold where less than usual is left of its line.
 */
export function encodedWords(text: string, firstRoom = ROOM): string[] {
  const first = Math.max(MIN_ROOM, Math.min(ROOM, firstRoom))
  const q = Array.from(text, qEncode)
  const escapes = q.reduce((count, piece) => count + (piece.startsWith('=') ? piece.length / 3 : 0), 0)
  if (escapes * 2 <= Buffer.byteLength(text)) return pack(q, first, ROOM, (piece) => piece.length).map(toQ)
  return pack([...text], bytesIn(first), bytesIn(ROOM), Buffer.byteLength).map(toB)
}

const bytesIn = (room: number) => Math.floor(room / 4) * 3
const toQ = (encoded: string) => `=?utf-8?Q?${encoded}?=`
const toB = (text: string) => `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`

// RFC 2047 §5 (3): the few characters that are safe in a phrase are safe everywhere.
function qEncode(character: string): string {
  if (character === ' ') return '_'
  if (/^[A-Za-z0-9!*+/-]$/.test(character)) return character
  return Buffer.from(character).toString('hex').toUpperCase().replace(/../g, '=$&')
}

/** Joins the pieces in order into as few strings as hold no more than `first` and then `room` each. */
function pack(pieces: readonly string[], first: number, room: number, measure: (piece: string) => number): string[] {
  const packed: string[] = []
  let current = ''
  let size = 0
  for (const piece of pieces) {
    const pieceSize = measure(piece)
    if (size + pieceSize > (packed.length === 0 ? first : room)) {
      packed.push(current)
      current = ''
      size = 0
    }
    current += piece
    size += pieceSize
  }
  return [...packed, current]
}
