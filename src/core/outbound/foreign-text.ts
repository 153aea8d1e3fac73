// What strangers wrote goes into our header fields only in forms that cannot break them.

const MAX_SUBJECT = 990

/** A stranger's subject as one line that leaves room for a prefix. */
export function oneLine(text: string | null): string {
  return [...plainLine(text ?? '')].slice(0, MAX_SUBJECT).join('')
}

/** A stranger's name as one line, or null when nothing can be seen of it. */
export function plainName(text: string | null): string | null {
  return plainLine(text ?? '') || null
}

function plainLine(text: string): string {
  return text
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .toWellFormed()
    .trim()
}

/** A content id that may stand between angle brackets, or null. */
export function oneWord(text: string | null): string | null {
  return text !== null && /^[!-;=?-~]{1,250}$/.test(text) ? text : null
}

/** A content type that is one, or null. */
export function typeOrNone(text: string): string | null {
  return /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}$/.test(text) ? text : null
}
