import { randomBytes } from 'node:crypto'

/**
 * A key for new bytes: their SHA-256 (hex), so that anybody can check what is kept, and a random end, so that no two owners share a
 * blob and deleting one can never take the bytes of another (docs/decisions/blob-keys.md).
 */
export function newBlobKey(sha256: string): string {
  return `${sha256}-${randomBytes(8).toString('hex')}`
}

const KEY = /^([0-9a-f]{64})-[0-9a-f]{16}$/

/** The SHA-256 (hex) of the bytes under a key; undefined for a text that `newBlobKey` never makes. */
export function sha256OfKey(key: string): string | undefined {
  return KEY.exec(key)?.[1]
}
