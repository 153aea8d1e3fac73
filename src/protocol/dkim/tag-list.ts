import { ParseError } from '../parse-error.ts'

/** The tags of a DKIM-Signature, an ARC field or a key record, values without the blanks around them. */
export type TagList = ReadonlyMap<string, string>

// A field or record larger than this is nobody's signature; the bound keeps what one field may cost small.
const MAX_LENGTH = 65_536
const NAME = /^[A-Za-z][A-Za-z0-9_]*$/
// Printable characters, folding white space, and the UTF-8 of internationalised mail (RFC 8616), here as latin1.
const VALUE = /^[\t\r\n\x20-\x7e\x80-\xff]*$/

/** Reads `name=value; name=value` (RFC 6376 §3.2). A tag given twice makes the whole list invalid. */
export function parseTagList(text: string): TagList {
  if (text.length > MAX_LENGTH) throw new ParseError('tag list is too long')
  const specs = text.split(';')
  if (specs.length > 1 && trimBlanks(specs.at(-1)!) === '') specs.pop()
  const tags = new Map<string, string>()
  for (const spec of specs) {
    const equals = spec.indexOf('=')
    const name = trimBlanks(spec.slice(0, Math.max(equals, 0)))
    const value = trimBlanks(spec.slice(equals + 1))
    if (!NAME.test(name) || !VALUE.test(value)) throw new ParseError('malformed tag list')
    if (tags.has(name)) throw new ParseError(`tag ${name}= is given twice`)
    tags.set(name, value)
  }
  return tags
}

/** The value of a tag that has to be there and say something. */
export function requireTag(tags: TagList, name: string): string {
  const value = tags.get(name)
  if (!value) throw new ParseError(`tag ${name}= is missing`)
  return value
}

/** The value of a tag that is a plain number of at most `digits` digits; `undefined` when the tag is not there. */
export function readNumber(tags: TagList, name: string, digits: number): number | undefined {
  const value = tags.get(name)
  if (value === undefined) return undefined
  if (!/^[0-9]+$/.test(value) || value.length > digits) throw new ParseError(`tag ${name}= is not a number`)
  return Number(value)
}

/** The bytes of a base64 value, which may be folded anywhere. */
export function readBase64(tags: TagList, name: string): Buffer {
  const text = requireTag(tags, name).replace(/[ \t\r\n]+/g, '')
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) throw new ParseError(`tag ${name}= is not base64`)
  return Buffer.from(text, 'base64')
}

/** The items of a value such as `h=from:to`, in lower case; blank items are dropped. */
export function readColonList(value: string): string[] {
  const items = value.split(':').map((item) => trimBlanks(item).toLowerCase())
  return items.filter((item) => item !== '')
}

/** Without the blanks and line ends around it. `trim()` would also eat 0xA0, which is half of a letter in UTF-8 read as latin1. */
export function trimBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9 || code === 13 || code === 10
}
