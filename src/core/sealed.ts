import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const VERSION = 1
const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * Encrypts a secret for the store: AES-256-GCM under `key` (32 bytes, from `Secrets.derive`). `place` names the row and column it is
 * kept in; it opens nowhere else, so a sealed text that is copied into another row is worth nothing.
 */
export function seal(key: Uint8Array, place: readonly string[], secret: string): string {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(toBytes(place))
  const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
  return Buffer.concat([Buffer.of(VERSION), nonce, text, cipher.getAuthTag()]).toString('base64')
}

/** Decrypts what `seal` made. Throws when the key, the place or a bit of the text is another one. */
export function unseal(key: Uint8Array, place: readonly string[], sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64')
  const end = bytes.length - TAG_BYTES
  if (bytes[0] !== VERSION || end < 1 + NONCE_BYTES) throw new Error('This is not a sealed secret')
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(1, 1 + NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(toBytes(place))
  decipher.setAuthTag(bytes.subarray(end))
  return Buffer.concat([decipher.update(bytes.subarray(1 + NONCE_BYTES, end)), decipher.final()]).toString('utf8')
}

// Each part with its length before it, so that no two places give the same bytes.
function toBytes(place: readonly string[]): Buffer {
  return Buffer.from(place.map((part) => `${Buffer.byteLength(part)}:${part}`).join(''))
}
