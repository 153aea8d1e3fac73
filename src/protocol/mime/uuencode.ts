const LF = 10
const CR = 13

/** The first uuencoded file of a body (POSIX uuencode, historical form). Without a `begin` line the bytes stay as they are. */
export function decodeUuencode(bytes: Buffer): { bytes: Buffer; damaged: boolean } {
  let at = findBegin(bytes)
  if (at < 0) return { bytes, damaged: true }
  const out = Buffer.allocUnsafe(Math.ceil(((bytes.length - at) * 3) / 4) + 64)
  let size = 0
  while (at < bytes.length) {
    const next = nextLine(bytes, at)
    const end = trimEnd(bytes, at, next)
    if (isEnd(bytes, at, end)) return { bytes: out.subarray(0, size), damaged: false }
    size = decodeLine(bytes, at, end, out, size)
    at = next
  }
  return { bytes: out.subarray(0, size), damaged: true }
}

/** Offset of the first line behind `begin 644 name`. */
function findBegin(bytes: Buffer): number {
  for (let at = bytes.indexOf('begin '); at >= 0; at = bytes.indexOf('begin ', at + 1)) {
    const first = at === 0 || bytes[at - 1] === LF || bytes[at - 1] === CR
    if (first && /^begin [0-7]{3,4} /.test(bytes.toString('latin1', at, at + 16))) return nextLine(bytes, at)
  }
  return -1
}

function nextLine(bytes: Buffer, at: number): number {
  const lf = bytes.indexOf(LF, at)
  return lf < 0 ? bytes.length : lf + 1
}

function trimEnd(bytes: Buffer, start: number, next: number): number {
  let end = next
  while (end > start && (bytes[end - 1] === LF || bytes[end - 1] === CR)) end--
  return end
}

function isEnd(bytes: Buffer, at: number, end: number): boolean {
  return end - at === 3 && bytes.toString('latin1', at, end) === 'end'
}

/** One line: a length, then groups of four. A line cut short (blanks lost on the way) is read as if padded with blanks. */
function decodeLine(bytes: Buffer, start: number, end: number, out: Buffer, from: number): number {
  if (start >= end) return from
  const length = Math.min((bytes[start]! - 32) & 63, Math.ceil(((end - start) * 3) / 4))
  const digit = (at: number) => (at < end ? (bytes[at]! - 32) & 63 : 0)
  let size = from
  for (let at = start + 1; size < from + length; at += 4) {
    const group = (digit(at) << 18) | (digit(at + 1) << 12) | (digit(at + 2) << 6) | digit(at + 3)
    for (const byte of [group >> 16, group >> 8, group]) if (size < from + length) out[size++] = byte & 255
  }
  return size
}
