const WORD = /=\?([\w-]{1,40})(?:\*[\w-]{0,20})?\?([BQ])\?([^?\s]{0,1000})\?=/gi

/** Encoded words (RFC 2047) of a one-line value read leniently; what cannot be decoded stays. */
export function decodeWords(value: string): string {
  const raw = Buffer.from(value, 'latin1').toString('utf8')
  const text = raw.includes('\uFFFD') ? value : raw
  return text
    .replace(/(\?=)[ \t]+(?==\?)/g, '$1')
    .replace(WORD, (whole, charset: string, encoding: string, data: string) => {
      const bytes = encoding.toUpperCase() === 'B' ? Buffer.from(data, 'base64') : fromQ(data)
      try {
        return new TextDecoder(charset).decode(bytes)
      } catch {
        return whole
      }
    })
}

function fromQ(data: string): Buffer {
  const bytes = data
    .replace(/_/g, ' ')
    .replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1')
}
