import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'

/** Keys for each purpose, all derived from the one master secret, so that none of them can be turned into another. */
export interface Secrets {
  /** 32 bytes, always the same for a purpose. */
  derive(purpose: string): Buffer
}

/** HKDF-SHA256 (RFC 5869) over the master secret. */
export function secretsFrom(master: string): Secrets {
  const known = new Map<string, Buffer>()
  return {
    derive(purpose) {
      const key = known.get(purpose) ?? Buffer.from(hkdfSync('sha256', master, 'posthouse', purpose, 32))
      known.set(purpose, key)
      return key
    },
  }
}

/** Tells a master secret from others, and nothing of it: a hash of one of the keys derived from it. */
export function secretMark(master: string): string {
  return createHash('sha256').update(secretsFrom(master).derive('mark')).digest('hex').slice(0, 16)
}

/** HMAC-SHA256 of the parts, each with its length before it so that no two lists give the same bytes. */
export function authenticate(key: Buffer, parts: readonly string[]): Buffer {
  const hmac = createHmac('sha256', key)
  for (const part of parts) hmac.update(`${Buffer.byteLength(part)}:${part}`)
  return hmac.digest()
}

/** Compares without telling by its time where the difference is. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
