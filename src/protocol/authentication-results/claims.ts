import { toAsciiDomain } from '../dns/domain-name.ts'

/**
 * Whether an Authentication-Results field speaks in the name of this server, so that it must not stay on a mail from outside
 * (RFC 8601 §5). In doubt it does: every reading a careless parser may have of the field counts, not only the grammar's.
 */
export function claimsAuthservId(value: string, authservId: string): boolean {
  return decodings(value).some((text) => claims(text, authservId))
}

function claims(value: string, authservId: string): boolean {
  const { head, closed } = readHead(value)
  const own = canonical(authservId)
  // RFC 2047 §5 allows no encoded word here; some readers decode it all the same.
  if (/=\?[^?]*\?[bq]\?/i.test(head)) return true
  // A comment or string without an end hides the rest from one reader and not from another.
  if (!closed) return canonical(value).includes(own)
  const [id = ''] = ID.exec(head) ?? []
  const readings = [head, id].flatMap((text) => [withoutVersion(text), firstWord(text)])
  return readings.some((text) => canonical(text) === own)
}

// Some readers end the id at the first character that no host name has, whatever it is.
const ID = /[\p{L}\p{N}\p{M}\p{C}._\-\u3002 ]+/u

function withoutVersion(text: string): string {
  return text.trimEnd().replace(/ \d+$/, '')
}

function firstWord(text: string): string {
  return text.trimStart().split(' ', 1)[0] ?? ''
}

/** A field arrives as bytes in latin1; they may be meant as UTF-8, and its wide or small semicolon as a semicolon. */
function decodings(value: string): string[] {
  const utf8 = /[\x80-\xff]/.test(value) && !/[^\x00-\xff]/.test(value)
  const texts = utf8 ? [value, Buffer.from(value, 'latin1').toString('utf8')] : [value]
  return [...new Set(texts.flatMap((text) => [text, text.normalize('NFKC')]))]
}

/** What stands before the first semicolon that ends something, without quotes and backslashes; a comment is a blank. */
function readHead(value: string): { head: string; closed: boolean } {
  const read: string[] = []
  let depth = 0
  let quoted = false
  // Blanks become one, and none at the start.
  const add = (char: string) => {
    if (!/\s/.test(char)) read.push(char)
    else if (read.length > 0 && read.at(-1) !== ' ') read.push(' ')
  }
  for (let i = 0; i < value.length; i++) {
    const char = value.charAt(i)
    if (char === '\\') {
      i++
      if (depth === 0) add(value.charAt(i))
    } else if (char === '"' && depth === 0) quoted = !quoted
    else if (char === '(' && !quoted) depth++
    else if (char === ')' && depth > 0) {
      depth--
      add(' ')
    } else if (depth > 0) continue
    else if (char !== ';' || quoted) add(char)
    else if (read.length > 0) break
  }
  return { head: read.join('').trimEnd(), closed: depth === 0 && !quoted }
}

/** One spelling for all that look or compare alike: width and case, A-labels, and characters that are not seen. */
function canonical(text: string): string {
  const seen = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\p{C}\s]/gu, '')
    .replace(/\.$/, '')
  return toAsciiDomain(seen) ?? seen
}
