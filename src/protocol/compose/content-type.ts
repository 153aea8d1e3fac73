import { readQuotedString } from '../address/quoted-string.ts'
import { ParseError } from '../parse-error.ts'
import { checkHeaderText } from './header-text.ts'
import type { Parameter } from './parameter.ts'

const MAX_CONTENT_TYPE = 1000
// RFC 6838 §4.2 limits both halves to 127 characters.
const TYPE = /^([A-Za-z0-9!#$&^_.+-]{1,127}\/[A-Za-z0-9!#$&^_.+-]{1,127})/
const PARAMETER_NAME = /[ \t]*;[ \t]*(?:([A-Za-z0-9!#$&^_.+-]{1,40})[ \t]*=[ \t]*)?/y
const TOKEN = /[!#$&-'*+.\-0-9A-Z^-z{|}~]*/y

/** Reads `type/subtype; name=value` as an attachment's owner may write it; the type comes back in lower case. */
export function parseContentType(contentType: string): { type: string; parameters: Parameter[] } {
  const text = checkHeaderText('the content type', contentType).trim()
  const head = text.length <= MAX_CONTENT_TYPE ? TYPE.exec(text) : null
  if (!head?.[1]) throw new ParseError('the content type is not type/subtype')
  const parameters: Parameter[] = []
  let at = head[0].length
  while (at < text.length) {
    const { name, valueAt } = readName(text, at)
    const { value, end } = name === undefined ? { value: '', end: valueAt } : readValue(text, valueAt)
    if (name !== undefined) parameters.push({ name, value })
    at = end
  }
  return { type: head[1].toLowerCase(), parameters }
}

function readName(text: string, at: number): { name: string | undefined; valueAt: number } {
  PARAMETER_NAME.lastIndex = at
  const match = PARAMETER_NAME.exec(text)
  if (!match) throw new ParseError('the content type has a broken parameter')
  return { name: match[1]?.toLowerCase(), valueAt: PARAMETER_NAME.lastIndex }
}

function readValue(text: string, at: number): { value: string; end: number } {
  if (text[at] === '"') return readQuotedString(text, at)
  TOKEN.lastIndex = at
  const value = TOKEN.exec(text)?.[0] ?? ''
  return { value, end: at + value.length }
}
