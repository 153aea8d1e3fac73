/** First and last byte, both inclusive. */
export interface ByteRange {
  first: number
  last: number
}

/**
 * The part of `size` bytes that a Range field asks for (RFC 9110 §14.1.2): undefined for none, for what we do not understand and for
 * several at once, which may all be answered in full; `unsatisfiable` when no byte of it is there.
 */
export function parseRange(field: string | null, size: number): ByteRange | 'unsatisfiable' | undefined {
  const match = /^\s*bytes\s*=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/i.exec(field ?? '')
  const [, from = '', to = ''] = match ?? []
  if (from === '' && to === '') return undefined
  if (from === '') {
    const length = Math.min(Number(to), size)
    return length === 0 ? 'unsatisfiable' : { first: size - length, last: size - 1 }
  }
  const first = Number(from)
  const last = to === '' ? size - 1 : Math.min(Number(to), size - 1)
  if (to !== '' && Number(to) < first) return undefined
  return first >= size ? 'unsatisfiable' : { first, last }
}
