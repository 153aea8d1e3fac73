/** One header field with its bytes untouched: `raw` is the whole field, name, folds and final line end, one char per byte (latin1). */
export interface HeaderField {
  /** The field name as written, without blanks around it. */
  name: string
  /** Everything behind the colon up to the final line end, folds included (latin1). */
  value: string
  raw: string
}

/** The head of a message (RFC 5322 §2.2), and where its body begins. */
export interface Head {
  fields: HeaderField[]
  /** Offset of the first byte of the body; the length of the input when there is none. */
  bodyOffset: number
  /** Lines that are neither a field nor the continuation of one. */
  stray: number
  /** Fields were passed over because there were too many. */
  skipped: boolean
}

const LF = 10
const CR = 13

/**
 * Splits the head of a message into its fields. Never throws: a line without a field name is counted in `stray` and passed over;
 * lines end at LF, with or without CR. Of the fields behind the first `maxFields` only those are read whose name `keep` wants.
 */
export function readHead(
  bytes: Uint8Array,
  start = 0,
  end = bytes.length,
  maxFields = 10_000,
  keep: (name: string) => boolean = () => false,
): Head {
  const fields: HeaderField[] = []
  let stray = 0
  let skipped = false
  let at = start
  let fieldStart = -1
  const close = (to: number) => {
    if (fieldStart < 0) return
    const name = fields.length < maxFields ? null : peekName(bytes, fieldStart, to)
    const wanted = name === null || (name !== '' && keep(name))
    const field = wanted ? toField(bytes, fieldStart, to) : undefined
    if (field) fields.push(field)
    else if (name) skipped = true
    else stray++
    fieldStart = -1
  }
  while (at < end) {
    const lf = bytes.indexOf(LF, at)
    const next = lf < 0 || lf >= end ? end : lf + 1
    const first = bytes[at]
    if (first === LF || (first === CR && at + 1 < end && bytes[at + 1] === LF)) {
      close(at)
      return { fields, bodyOffset: next, stray, skipped }
    }
    if (first !== 32 && first !== 9) {
      close(at)
      fieldStart = at
    } else if (fieldStart < 0) stray++
    at = next
  }
  close(end)
  return { fields, bodyOffset: end, stray, skipped }
}

// RFC 5322 §3.6.8: a field name is printable US-ASCII without the colon; blanks before the colon are obsolete but common.
const NAME = /^([!-9;-~]+)[ \t]*$/

const PEEKED = 200

/** The field name when it is short, else ''. */
function peekName(bytes: Uint8Array, start: number, end: number): string {
  const peeked = Buffer.from(bytes.buffer, bytes.byteOffset + start, Math.min(end - start, PEEKED)).toString('latin1')
  const colon = peeked.indexOf(':')
  return colon > 0 ? (NAME.exec(peeked.slice(0, colon))?.[1] ?? '') : ''
}

function toField(bytes: Uint8Array, start: number, end: number): HeaderField | undefined {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
  const colon = raw.indexOf(':')
  const name = colon > 0 ? NAME.exec(raw.slice(0, colon))?.[1] : undefined
  if (!name) return undefined
  return { name, value: raw.slice(colon + 1).replace(/\r?\n$/, ''), raw }
}

/** The value on one line: folds removed (RFC 5322 §2.2.3), blanks around it dropped. Still latin1 and undecoded. */
export function unfold(value: string): string {
  return value.replace(/\r?\n(?=[ \t])/g, '').trim()
}

/** The first field of that name, case ignored. */
export function findField(fields: readonly HeaderField[], name: string): HeaderField | undefined {
  const wanted = name.toLowerCase()
  return fields.find((f) => f.name.toLowerCase() === wanted)
}

/** All fields of that name in the order they stand, case ignored. */
export function allFields(fields: readonly HeaderField[], name: string): HeaderField[] {
  const wanted = name.toLowerCase()
  return fields.filter((f) => f.name.toLowerCase() === wanted)
}
