import { checkHeaderText } from './header-text.ts'

/** A parameter of Content-Type or Content-Disposition (RFC 2045 §5.1). */
export interface Parameter {
  name: string
  value: string
}

const MAX_PLAIN = 60

/** The words of `value; name=…; name=…`, in which long and non-ASCII values take the form of RFC 2231. */
export function parameterizedWords(value: string, parameters: readonly Parameter[]): string[] {
  const words = [value, ...parameters.flatMap(parameterWords)]
  return words.map((word, i) => (i === words.length - 1 ? word : `${word};`))
}

/** True when the value needs none of RFC 2231. Quotes and backslashes count as special: few readers undo their escapes. */
export function isPlainParameter(value: string): boolean {
  return value.length <= MAX_PLAIN && /^[ !#-[\]-~]*$/.test(value) && !value.includes('=?')
}

function parameterWords({ name, value }: Parameter): string[] {
  checkHeaderText(`the parameter ${name}`, value)
  if (isPlainParameter(value)) return [`${name}=${/^[A-Za-z0-9.+_-]+$/.test(value) ? value : `"${value}"`}`]
  const segments = splitEncoded(value, MAX_PLAIN - name.length)
  if (segments.length === 1) return [`${name}*=${segments[0]}`]
  return segments.map((segment, i) => `${name}*${i}*=${segment}`)
}

/** RFC 2231 §3 and §4: percent-encoded UTF-8 in segments of about `room`, never cut within a character. */
function splitEncoded(value: string, room: number): string[] {
  const segments: string[] = []
  let segment = "utf-8''"
  for (const character of value) {
    const encoded = encodeURIComponent(character).replace(/[*'()]/g, percent)
    if (segment.length + encoded.length > room) {
      segments.push(segment)
      segment = ''
    }
    segment += encoded
  }
  return [...segments, segment]
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}
