// What strangers wrote goes into our header fields only in forms that cannot break them.

const MAX_SUBJECT = 900

/** A stranger's subject as one line that leaves room for a prefix. */
export function oneLine(text: string | null): string {
  const line = (text ?? '').replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim()
  return [...line].slice(0, MAX_SUBJECT).join('')
}

/** A content id that may stand between angle brackets, or null. */
export function oneWord(text: string | null): string | null {
  return text !== null && /^[!-;=?-~]{1,250}$/.test(text) ? text : null
}

/** A content type that is one, or null. */
export function typeOrNone(text: string): string | null {
  return /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}$/.test(text) ? text : null
}
