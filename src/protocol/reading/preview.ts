const MAX_CHARS = 200
/** Enough source for 200 characters, even where most of it is blank. */
const MAX_SOURCE = 20_000

/** What lists show of a mail: its first words, at most 200 characters (code points), on one line. Null when there are none. */
export function previewOf(extractedText: string): string | null {
  return shorten(extractedText.slice(0, MAX_SOURCE)) || shorten(extractedText) || null
}

function shorten(text: string): string {
  const line = text
    .toWellFormed()
    .replace(JUNK, '')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
  const characters = [...line.slice(0, 2 * MAX_CHARS + 2)]
  return characters.slice(0, MAX_CHARS).join('').trimEnd()
}

// Soft hyphens, direction marks and what newsletters pad their previews with. U+200D stays: it joins emoji and Indic letters.
const JUNK =
  /[\u00ad\u061c\u115f\u1160\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffc]|\u034f|\u17b4|\u17b5/g
