/** More of one text than this is not indexed. */
const MAX_CHARS = 100_000
const MAX_WORD_CHARS = 64
const MAX_QUERY_WORDS = 32

// Most texts hold nothing else, and are cut in two thirds of the time.
const ASCII = /^[\x00-\x7f]*$/
const ASCII_WORD = /[a-z0-9]+/g

// Letters, digits and their marks; scripts that are written without spaces are a word of their own until they are cut in pairs.
const WORD = /[\p{L}\p{N}\p{M}]+/gu
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u
const RUNS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]+|[^\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]+/gu

/**
 * The words of a text as both engines index them: without case and Latin accents, split at everything that is no letter or digit,
 * and in pairs of characters where a language has no spaces. Both engines get words, never text, so that they agree.
 */
export function wordsOf(text: string): string[] {
  const start = text.slice(0, MAX_CHARS)
  if (ASCII.test(start))
    return (start.toLowerCase().match(ASCII_WORD) ?? []).map((word) => word.slice(0, MAX_WORD_CHARS))
  const words: string[] = []
  for (const [run] of plain(start).matchAll(WORD)) {
    if (!UNSPACED.test(run)) words.push(run.slice(0, MAX_WORD_CHARS).toWellFormed())
    else
      for (const [part] of run.matchAll(RUNS))
        words.push(...(UNSPACED.test(part) ? pairs(part) : [part.slice(0, MAX_WORD_CHARS)]))
  }
  return words
}

/** The words that a query asks for, each once. */
export function queryWords(text: string): string[] {
  return [...new Set(wordsOf(text))].slice(0, MAX_QUERY_WORDS)
}

function plain(text: string): string {
  const bare = text.normalize('NFKD').replace(/[\u0300-\u036f]/g, '')
  return bare.normalize('NFC').toLowerCase().slice(0, MAX_CHARS)
}

/** Each two neighbours; of a single character itself. A query of one character finds the pairs that begin with it. */
function pairs(run: string): string[] {
  const chars = [...run]
  if (chars.length === 1) return chars
  return chars.slice(1).map((char, i) => `${chars[i]}${char}`)
}
