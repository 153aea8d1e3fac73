import { newWords } from './new-words.ts'
import { isQuotedLine } from './quote-mark.ts'
import { isBlank, quoteHeaderAt, type ReadLine } from './reply-headers.ts'

const MAX_CHARS = 64 * 1024

/**
 * The new words of a plain text mail: quotes, what announces them, and the signature are left out. Where nothing is recognised, or
 * where nothing would be left, the whole text comes back. Only the first 64 KiB are looked at; what lies behind is kept as long as
 * the text before it was not a quote to the end.
 */
export function extractReply(text: string): string {
  const cut = text.length > MAX_CHARS ? Math.max(text.lastIndexOf('\n', MAX_CHARS), 0) || MAX_CHARS : text.length
  const isWhole = cut === text.length
  const lines = splitSharedLines(toLines(text.slice(0, cut)))
  const marks = newWords(lines, isWhole)
  if (!marks.includes(false)) return text
  const kept = lines.filter((_, i) => marks[i]).map((line) => line.text.trimEnd())
  const rest = isWhole || marks.at(-1) === false ? '' : text.slice(cut)
  const result = trimBlankLines(kept.join('\n') + rest)
  return isBlank(result) ? text : result
}

function toLines(text: string): ReadLine[] {
  return text.split(/\r\n|\r|\n/).map((line) => ({ text: line, quoted: isQuotedLine(line) }))
}

// "Thanks! On 1 May 2020, Ann wrote:" above a marked quote: the writer began on the line of the attribution.
function splitSharedLines(lines: readonly ReadLine[]): ReadLine[] {
  return lines.flatMap((line, i) => {
    if (line.quoted || line.text.length > 1000 || !followedByQuote(lines, i)) return [line]
    const on = line.text.lastIndexOf('On ')
    if (on < 1 || !/[\s-]/.test(line.text[on - 1]!)) return [line]
    const attribution: ReadLine = { text: line.text.slice(on), quoted: false }
    const words: ReadLine = { text: line.text.slice(0, on).replace(/[-\s]+$/, ''), quoted: false }
    return words.text !== '' && quoteHeaderAt([attribution], 0) ? [words, attribution] : [line]
  })
}

function followedByQuote(lines: readonly ReadLine[], i: number): boolean {
  return lines[i + 1]?.quoted === true || (isBlank(lines[i + 1]?.text) && lines[i + 2]?.quoted === true)
}

/** Without the blank lines above and below; the indent of the first line stays. */
function trimBlankLines(text: string): string {
  let from = 0
  for (let lf = text.indexOf('\n'); lf >= 0 && text.slice(from, lf).trim() === ''; lf = text.indexOf('\n', from))
    from = lf + 1
  return text.slice(from).trimEnd()
}
