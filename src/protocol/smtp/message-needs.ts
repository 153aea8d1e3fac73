const LF = 0x0a
const CR = 0x0d

/** What a message asks of the servers on its way, going by its bytes. */
export interface MessageNeeds {
  /** Octets beyond ASCII after the header: 8BITMIME (RFC 6152). */
  eightBitBody: boolean
  /** Characters beyond ASCII in the header: SMTPUTF8 (RFC 6532). */
  eightBitHeader: boolean
}

export function messageNeeds(raw: Buffer): MessageNeeds {
  const body = bodyStart(raw)
  return { eightBitHeader: hasEightBit(raw, 0, body), eightBitBody: hasEightBit(raw, body, raw.length) }
}

/** Where the blank line after the header is over; the end when there is none. */
function bodyStart(raw: Buffer): number {
  let line = 0
  for (let end = raw.indexOf(LF); end >= 0; end = raw.indexOf(LF, line)) {
    const length = end > line && raw[end - 1] === CR ? end - 1 - line : end - line
    line = end + 1
    if (length === 0) return line
  }
  return raw.length
}

function hasEightBit(raw: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (raw[at]! > 0x7f) return true
  return false
}
