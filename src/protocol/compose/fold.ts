/** RFC 5322 §2.1.1 asks for 78; RFC 2047 §2 allows a line with an encoded-word 76. */
export const PREFERRED_LINE = 76

/**
 * One header field from words that stand one blank apart, its lines broken between words (RFC 5322 §2.2.3).
 * A word is never broken, so the caller keeps each well below the hard limit of 998 octets.
 * The first stays beside the name: after a fold there, some readers take its blank for a part of the value.
 */
export function foldField(name: string, words: readonly string[]): string {
  const lines: string[] = []
  let line = `${name}:`
  let size = line.length
  for (const [i, word] of words.entries()) {
    const wordSize = Buffer.byteLength(word) + 1
    if (i > 0 && size + wordSize > PREFERRED_LINE) {
      lines.push(line)
      line = ''
      size = 0
    }
    line += ` ${word}`
    size += wordSize
  }
  return `${[...lines, line].join('\r\n')}\r\n`
}
