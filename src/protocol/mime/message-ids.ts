// RFC 5322 §2.1.1 forbids longer lines, so no honest identifier is longer.
const MAX_LENGTH = 998

/**
 * The message identifiers of a Message-ID, In-Reply-To or References value (one line), angle brackets included, in order; words between
 * them are junk. Blanks inside one come from careless folding and are dropped. Of too many, the first and the last ones are kept,
 * since those name the start of the thread and the message answered. RFC 5322 §3.6.4.
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

/** The identifier of a Message-ID value: the first in brackets, or the first word with an `@` when someone forgot them. */
export function parseMessageId(value: string): string | null {
  const [first] = parseMessageIds(value.slice(0, MAX_LENGTH * 4), 1)
  if (first !== undefined) return first
  const word = /(?:^|\s)([^\s<>,@]{1,400}@[^\s<>,@]{1,400})(?:\s|$)/.exec(value.slice(0, MAX_LENGTH * 4))
  return word ? `<${word[1]}>` : null
}

function cleanId(text: string): string | null {
  const id = text.replace(/[\s\0-\x1f\x7f]/g, '')
  return id === '' ? null : id
}
