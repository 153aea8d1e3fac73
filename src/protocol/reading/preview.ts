const MAX_CHARS = 200
/** Enough source for 200 characters in nearly every mail, then even where most of it is blank. */
const SOURCES = [1_000, 20_000]

/** What lists show of a mail: its first words, at most 200 characters (code points), on one line. Null when there are none. */
export function previewOf(extractedText: string): string | null {
  for (const size of SOURCES) {
    const line = toLine(extractedText.slice(0, size))
    if (line.length > ENOUGH || size >= extractedText.length) return shorten(line)
  }
  return shorten(toLine(extractedText.slice(0, SOURCES.at(-1)))) ?? shorten(toLine(extractedText))
}

/** So many UTF-16 units hold 200 code points; what is cut through at the end of the source lies behind them. */
const ENOUGH = 2 * MAX_CHARS + 2

function toLine(text: string): string {
  return text
    .toWellFormed()
    .replace(JUNK, '')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
}

function shorten(line: string): string | null {
  const start = line.slice(0, ENOUGH)
  const inPairs = /[\ud800-\udfff]/.test(start)
  const characters = inPairs ? [...start].slice(0, MAX_CHARS).join('') : start.slice(0, MAX_CHARS)
  return characters.trimEnd() || null
}

// Soft hyphens, direction marks and what newsletters pad their previews with. U+200D stays: it joins emoji and Indic letters.
const JUNK =
  /[\u00ad\u061c\u115f\u1160\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffc]|\u034f|\u17b4|\u17b5/g
