import type { HeaderField } from '../mime/header-fields.ts'

export type Canonicalization = 'simple' | 'relaxed'

/** One field as it is hashed (RFC 6376 §3.4.1, §3.4.2), CRLF included; latin1 as it came. */
export function canonicalField(field: HeaderField, canonicalization: Canonicalization): string {
  if (canonicalization === 'simple') return field.raw.endsWith('\n') ? field.raw : `${field.raw}\r\n`
  return `${field.name.toLowerCase()}:${relaxedValue(field.value)}\r\n`
}

/** Unfolded, each run of blanks one space, none at either end. */
function relaxedValue(value: string): string {
  const reduced = value.replace(/(?:\r\n|[ \t])+/g, ' ')
  const start = reduced.startsWith(' ') ? 1 : 0
  const end = reduced.endsWith(' ') ? reduced.length - 1 : reduced.length
  return reduced.slice(start, Math.max(start, end))
}

/**
 * A signature field as its own signature covers it: the value of `b=` taken out with the blanks around it, no CRLF behind
 * (RFC 6376 §3.7).
 */
export function unsignedField(field: HeaderField, canonicalization: Canonicalization): string {
  const { name } = field
  const value = withoutSignature(field.value)
  const raw = `${field.raw.slice(0, field.raw.indexOf(':') + 1)}${value}\r\n`
  return canonicalField({ name, value, raw }, canonicalization).slice(0, -2)
}

function withoutSignature(value: string): string {
  let at = 0
  while (at <= value.length) {
    const semicolon = value.indexOf(';', at)
    const end = semicolon < 0 ? value.length : semicolon
    const tag = /^[ \t\r\n]*b[ \t\r\n]*=/.exec(value.slice(at, end))
    if (tag) return value.slice(0, at + tag[0].length) + value.slice(end)
    at = end + 1
  }
  return value
}

/**
 * The fields a signature names, each taken from the bottom of the head upwards; a name more often listed than present
 * stands for "no further one" (RFC 6376 §5.4.2). `own`, the signature being checked, is never one of them.
 */
export function selectFields(
  fields: readonly HeaderField[],
  names: readonly string[],
  own?: HeaderField,
): HeaderField[] {
  const wanted = new Set(names)
  const waiting = new Map<string, HeaderField[]>()
  for (const field of fields) {
    const name = field.name.toLowerCase()
    if (field === own || !wanted.has(name)) continue
    const same = waiting.get(name)
    if (same) same.push(field)
    else waiting.set(name, [field])
  }
  return names.map((name) => waiting.get(name)?.pop()).filter((field) => field !== undefined)
}
