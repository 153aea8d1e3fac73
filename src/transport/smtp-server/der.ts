/** The few ASN.1 types that a certificate is made of, in DER (X.690). */
export function der(tag: number, ...contents: Uint8Array[]): Buffer {
  const content = Buffer.concat(contents)
  return Buffer.concat([Buffer.from([tag]), length(content.length), content])
}

export const sequence = (...items: Uint8Array[]) => der(0x30, ...items)
export const set = (...items: Uint8Array[]) => der(0x31, ...items)
export const octetString = (bytes: Uint8Array) => der(0x04, bytes)
export const bitString = (bytes: Uint8Array) => der(0x03, Buffer.from([0]), bytes)
export const utf8String = (text: string) => der(0x0c, Buffer.from(text))
/** The tag of `[n]` in front of something constructed. */
export const explicit = (n: number, ...items: Uint8Array[]) => der(0xa0 + n, ...items)

/** From its bytes, taken as a positive number. */
export function integer(bytes: Uint8Array): Buffer {
  const first = bytes[0] ?? 0
  return der(0x02, ...(first >= 0x80 ? [Buffer.from([0])] : []), bytes)
}

export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

/** RFC 5280 §4.1.2.5.2; good from 1950 to 2049, RFC 5280 asks for another type from then on. */
export function time(at: Date): Buffer {
  const digits = at.toISOString().replace(/\.\d+/, '').replace(/[-:T]/g, '')
  return at.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits))
}

function length(n: number): Buffer {
  if (n < 0x80) return Buffer.from([n])
  const bytes = Buffer.from(n.toString(16).padStart(n > 0xff ? 4 : 2, '0'), 'hex')
  return Buffer.concat([Buffer.from([0x80 + bytes.length]), bytes])
}

function base128(n: number): number[] {
  const digits = [n & 0x7f]
  for (let rest = n >>> 7; rest > 0; rest >>>= 7) digits.unshift((rest & 0x7f) | 0x80)
  return digits
}
