import { unfold } from './header-fields.ts'

// RFC 5322 §2.1.1 forbids longer lines, so no honest identifier is longer.
const MAX_LENGTH = 998

/**
 * The message identifiers of an In-Reply-To or References value, angle brackets included, in order; words between them are junk.
 * A fold inside one is careless and dropped; other blanks and controls stay, as one blank: such an id cannot be written again, but
 * without them it would be another one. Of too many, the first and the last ones are kept, since those name the start of the thread
 * and the message answered. RFC 5322 §3.6.4.
 */
export function parseMessageIds(value: string, max = 1000): string[] {
  const ids: string[] = []
  for (let open = value.indexOf('<'); open >= 0; ) {
    const close = value.indexOf('>', open)
    if (close < 0) break
    const inner = value.lastIndexOf('<', close)
    const id = close - inner <= MAX_LENGTH ? cleanId(value.slice(inner + 1, close)) : null
    if (id !== null) ids.push(`<${id}>`)
    open = value.indexOf('<', close)
  }
  return ids.length > max ? [ids[0]!, ...ids.slice(ids.length - max + 1)] : ids
}

/**
 * The identifier of a Message-ID value: the first in brackets, or the whole when it is one word with an `@` and someone forgot them.
 * Nobody can tell what a fold inside was meant to be, so it is a blank here.
 */
export function parseMessageId(value: string): string | null {
  const line = unfold(value.slice(0, MAX_LENGTH * 4))
  const [first] = parseMessageIds(line, 1)
  if (first !== undefined) return first
  return /^[^\s\0-\x1f\x7f<>,@]{1,400}@[^\s\0-\x1f\x7f<>,@]{1,400}$/.test(line) ? `<${line}>` : null
}

function cleanId(text: string): string | null {
  const id = text
    .replace(/\r?\n[ \t]*/g, '')
    .replace(/[\s\0-\x1f\x7f]+/g, ' ')
    .trim()
  return id === '' ? null : id
}
