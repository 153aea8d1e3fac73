const MAX_BYTES = 255

// C0, DEL, C1, and the characters that turn the reading direction or break lines (Unicode bidi controls, U+2028, U+2029).
const INVISIBLE = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** A file name fit to show: no path, no control or direction characters, at most 255 bytes of UTF-8. Null when nothing is left. */
export function cleanFileName(name: string): string | null {
  const visible = name.toWellFormed().replace(INVISIBLE, '')
  const last = visible.slice(Math.max(visible.lastIndexOf('/'), visible.lastIndexOf('\\')) + 1).trim()
  const bare = last.replace(/^[a-z]:/i, '')
  return /^\.*$/.test(bare) ? null : shorten(bare)
}

/** Cuts the middle, so that the extension survives. */
function shorten(name: string): string {
  if (Buffer.byteLength(name) <= MAX_BYTES) return name
  const dot = name.lastIndexOf('.')
  const extension = dot > 0 && name.length - dot <= 20 ? name.slice(dot) : ''
  return takeBytes(name, MAX_BYTES - Buffer.byteLength(extension)) + extension
}

function takeBytes(text: string, limit: number): string {
  let size = 0
  let out = ''
  for (const char of text) {
    size += Buffer.byteLength(char)
    if (size > limit) break
    out += char
  }
  return out
}
