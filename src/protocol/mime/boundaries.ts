const LF = 10
const DASH = 45
// RFC 2046 §5.1.1 allows 70; some mailers do not count.
const MAX_LENGTH = 2000

/** A line that delimits the parts of a multipart. */
export interface Delimiter {
  lineStart: number
  /** Where the next line begins. */
  next: number
  /** Depth of the multipart it belongs to. */
  level: number
  /** `--boundary--`: the last one. */
  closing: boolean
}

/** The boundaries of the multiparts around the place being read. */
export interface Boundaries {
  /** False when the boundary cannot be used, or an outer multipart has the same: that one keeps it. */
  open(boundary: string, level: number): boolean
  close(boundary: string): void
  /** The delimiter that is this line, if it is one. */
  match(lineStart: number, next: number): Delimiter | null
  /** The next delimiter at or behind `from`, where a line begins. */
  find(from: number): Delimiter | null
  /** The delimiter that stands right there, at the beginning of a line. */
  at(lineStart: number): Delimiter | null
}

/**
 * Every byte is looked at once however deep the nesting: all open boundaries are compared together. A delimiter is the whole line, blanks
 * at its end aside; RFC 2046 would be content with its beginning, but then one boundary that begins like another would cut it.
 */
export function trackBoundaries(bytes: Buffer): Boundaries {
  const levels = new Map<string, number>()
  let shortest = 0
  let longest = 0
  const measure = () => {
    const lengths = [...levels.keys()].map((b) => b.length)
    shortest = Math.min(...lengths)
    longest = Math.max(...lengths)
  }

  const match = (lineStart: number, next: number): Delimiter | null => {
    let end = next
    while (end > lineStart && isBlank(bytes[end - 1]!)) end--
    const length = end - lineStart - 2
    if (length < shortest || length > longest + 2) return null
    const text = bytes.toString('latin1', lineStart + 2, end)
    const level = levels.get(text)
    if (level !== undefined) return { lineStart, next, level, closing: false }
    const closed = text.endsWith('--') ? levels.get(text.slice(0, -2).trimEnd()) : undefined
    return closed === undefined ? null : { lineStart, next, level: closed, closing: true }
  }

  const find = (from: number): Delimiter | null => {
    if (levels.size === 0) return null
    let at = from
    if (bytes[at] !== DASH || bytes[at + 1] !== DASH) at = nextDashes(bytes, at)
    while (at >= 0 && at < bytes.length) {
      const next = nextLine(bytes, at)
      const found = match(at, next)
      if (found) return found
      if (next >= bytes.length) return null
      at = bytes[next] === DASH && bytes[next + 1] === DASH ? next : nextDashes(bytes, next)
    }
    return null
  }

  return {
    open(boundary, level) {
      if (boundary === '' || boundary.length > MAX_LENGTH || levels.has(boundary)) return false
      levels.set(boundary, level)
      measure()
      return true
    },
    close(boundary) {
      levels.delete(boundary)
      measure()
    },
    at(lineStart) {
      if (bytes[lineStart] !== DASH || bytes[lineStart + 1] !== DASH) return null
      return match(lineStart, nextLine(bytes, lineStart))
    },
    match: (lineStart, next) => (levels.size === 0 ? null : match(lineStart, next)),
    find,
  }
}

function nextLine(bytes: Buffer, from: number): number {
  const lf = bytes.indexOf(LF, from)
  return lf < 0 ? bytes.length : lf + 1
}

const DASHES = Buffer.from('\n--')

function nextDashes(bytes: Buffer, from: number): number {
  const found = bytes.indexOf(DASHES, from)
  return found < 0 ? -1 : found + 1
}

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 9 || byte === 10 || byte === 13
}
