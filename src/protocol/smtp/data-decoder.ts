const DOT = 0x2e
const CR = 0x0d
const LF = 0x0a

/** One step of reading a message: its bytes, and from its end on what the client sent behind it. */
export interface DecodedData {
  content: Buffer
  /** Undefined while the message goes on. */
  rest: Buffer | undefined
}

/**
 * Takes the transparency of RFC 5321 §4.5.2 off a message, in chunks cut anywhere. Only CRLF.CRLF ends it, and only a dot behind CRLF is
 * taken away, so the bytes come out as they were before a client put dots in. A dot alone between line ends of which one is not CRLF is
 * somebody's attempt to have another server see an end here: it stays content, and `smuggling` tells.
 */
export class DataDecoder {
  smuggling = false
  /** The two bytes before what comes next. A message starts as if a CRLF had gone before. */
  #before: [number, number] = [CR, LF]
  /** A dot at the start of a line that still waits for the bytes behind it. */
  #held: Buffer = Buffer.alloc(0)

  /** Changes the chunk in place. Linear in its length. */
  feed(chunk: Buffer): DecodedData {
    const bytes = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk
    this.#held = Buffer.alloc(0)
    const dots = new LineDots(bytes, this.#before)
    let from = 0
    let written = 0
    const take = (to: number) => {
      if (written !== from) bytes.copyWithin(written, from, to)
      written += to - from
    }
    for (let dot = dots.next(); dot; dot = dots.next()) {
      const { at, afterCrlf } = dot
      const kind = judge(bytes, at, afterCrlf)
      if (kind === 'unknown') {
        this.#remember(bytes, at)
        this.#held = Buffer.from(bytes.subarray(at))
        take(at)
        return { content: bytes.subarray(0, written), rest: undefined }
      }
      if (kind === 'end') {
        take(at)
        return { content: bytes.subarray(0, written), rest: bytes.subarray(at + 3) }
      }
      if (kind === 'smuggling') this.smuggling = true
      if (afterCrlf) {
        take(at)
        from = at + 1
      }
    }
    this.#remember(bytes, bytes.length)
    take(bytes.length)
    return { content: bytes.subarray(0, written), rest: undefined }
  }

  #remember(bytes: Buffer, end: number): void {
    const last = bytes[end - 1]
    if (last === undefined) return
    this.#before = [bytes[end - 2] ?? this.#before[1], last]
  }
}

function judge(bytes: Buffer, dot: number, afterCrlf: boolean): 'end' | 'smuggling' | 'content' | 'unknown' {
  const next = bytes[dot + 1]
  if (next === undefined) return 'unknown'
  if (next !== CR && next !== LF) return 'content'
  if (!afterCrlf || next === LF) return 'smuggling'
  const last = bytes[dot + 2]
  if (last === undefined) return 'unknown'
  return last === LF ? 'end' : 'smuggling'
}

/** Finds the dots that stand behind a CR or an LF, from front to back. */
class LineDots {
  readonly #bytes: Buffer
  readonly #before: readonly [number, number]
  #afterLf: number
  #afterCr: number
  #first: boolean

  constructor(bytes: Buffer, before: readonly [number, number]) {
    this.#bytes = bytes
    this.#before = before
    this.#first = bytes[0] === DOT && (before[1] === LF || before[1] === CR)
    this.#afterLf = bytes.indexOf('\n.')
    this.#afterCr = bytes.indexOf('\r.')
  }

  next(): { at: number; afterCrlf: boolean } | undefined {
    if (this.#first) {
      this.#first = false
      return { at: 0, afterCrlf: this.#before[0] === CR && this.#before[1] === LF }
    }
    const [lf, cr] = [this.#afterLf, this.#afterCr]
    if (lf < 0 && cr < 0) return undefined
    if (cr < 0 || (lf >= 0 && lf < cr)) {
      this.#afterLf = this.#bytes.indexOf('\n.', lf + 1)
      return { at: lf + 1, afterCrlf: (lf > 0 ? this.#bytes[lf - 1] : this.#before[1]) === CR }
    }
    this.#afterCr = this.#bytes.indexOf('\r.', cr + 1)
    return { at: cr + 1, afterCrlf: false }
  }
}
