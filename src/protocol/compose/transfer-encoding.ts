/** A body ready for the wire (RFC 2045 §6): lines end in CRLF, none is over 998 octets. The last line may be open. */
export interface EncodedBody {
  encoding: '7bit' | '8bit' | 'quoted-printable' | 'base64'
  body: Buffer
}

const MAX_LINE = 998
const CR = 13
const LF = 10

/** The text of a message body. Line ends become CRLF; the encoding is the most readable one that is allowed. */
export function encodeText(text: string): EncodedBody & { charset: 'us-ascii' | 'utf-8' } {
  const bytes = Buffer.from(text.replace(/\r\n?|\n/g, '\r\n'))
  const high = bytes.reduce((count, byte) => count + (byte >> 7), 0)
  const charset = high === 0 ? 'us-ascii' : 'utf-8'
  if (high === 0 && fitsLines(bytes)) return { charset, encoding: '7bit', body: bytes }
  // Quoted-printable can still be read, until most of it is escapes.
  if (high * 2 > bytes.length) return { charset, encoding: 'base64', body: encodeBase64(bytes) }
  return { charset, encoding: 'quoted-printable', body: encodeQuotedPrintable(bytes) }
}

/** A body that must not be encoded: the bytes with line ends made CRLF, or null when lines or NULs forbid it. */
export function encodeIdentity(content: Uint8Array): EncodedBody | null {
  const body = Buffer.from(toLatin1(content).replace(/\r\n?|\n/g, '\r\n'), 'latin1')
  if (!fitsLines(body)) return null
  return { encoding: body.some((byte) => byte > 127) ? '8bit' : '7bit', body }
}

/** RFC 2045 §6.8, in lines of 76. */
export function encodeBase64(content: Uint8Array): Buffer {
  const digits = Buffer.from(
    Buffer.from(content.buffer, content.byteOffset, content.length).toString('base64'),
    'latin1',
  )
  const lines = Math.ceil(digits.length / 76)
  const body = Buffer.alloc(digits.length + Math.max(0, lines - 1) * 2, '\r\n')
  for (let line = 0; line < lines; line++) digits.copy(body, line * 78, line * 76, (line + 1) * 76)
  return body
}

/** RFC 2045 §6.7, for text whose line ends are CRLF already. */
export function encodeQuotedPrintable(bytes: Uint8Array): Buffer {
  const out: string[] = []
  let line = ''
  for (let at = 0; at < bytes.length; at++) {
    if (isLineEnd(bytes, at)) {
      out.push(line, '\r\n')
      line = ''
      at++
      continue
    }
    const piece = QP[isBlank(bytes[at]) && endsLine(bytes, at + 1) ? bytes[at]! | TRAILING : bytes[at]!]!
    if (line.length + piece.length > 75) {
      out.push(line, '=\r\n')
      line = ''
    }
    line += piece
  }
  return Buffer.from([...out, line].join(''), 'latin1')
}

// How each byte is written; from 256 on, how it is written at the end of a line, where a bare blank would be lost.
const TRAILING = 256
const QP = Array.from({ length: 512 }, (_, byte) => {
  const literal = (byte >= 33 && byte <= 126 && byte !== 61) || byte === 32 || byte === 9
  return literal ? String.fromCharCode(byte) : `=${(byte & 255).toString(16).toUpperCase().padStart(2, '0')}`
})

const isBlank = (byte: number | undefined) => byte === 32 || byte === 9
const isLineEnd = (bytes: Uint8Array, at: number) => bytes[at] === CR && bytes[at + 1] === LF
const endsLine = (bytes: Uint8Array, at: number) => at === bytes.length || isLineEnd(bytes, at)

/** True for lines that need no encoding: none too long and no NUL (RFC 2045 §2.7, §2.8). */
function fitsLines(bytes: Buffer): boolean {
  if (bytes.includes(0)) return false
  for (let start = 0; start < bytes.length; ) {
    const lf = bytes.indexOf(LF, start)
    const end = lf < 0 ? bytes.length : lf - 1
    if (end - start > MAX_LINE) return false
    start = lf < 0 ? bytes.length : lf + 1
  }
  return true
}

function toLatin1(content: Uint8Array): string {
  return Buffer.from(content.buffer, content.byteOffset, content.length).toString('latin1')
}
