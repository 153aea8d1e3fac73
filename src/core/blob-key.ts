import { randomBytes } from 'node:crypto'

/**
 * A key for new bytes: the time, so that the trees which hold keys grow at their end; random digits, so that no two owners share a blob
 * and deleting one can never take the bytes of another; then their SHA-256 (hex), so that anybody can check what is kept. No longer
 * than a name in an archive may be (docs/decisions/blob-keys.md).
 */
export function newBlobKey(sha256: string): string {
  return `${Date.now().toString(16).padStart(12, '0')}${randomBytes(8).toString('hex')}-${sha256}`
}

// The second form is that of older keys.
const KEY = /^(?:[0-9a-f]{28}-([0-9a-f]{64})|([0-9a-f]{64})-[0-9a-f]{16})$/

/** The SHA-256 (hex) of the bytes under a key; undefined for a text that `newBlobKey` never makes. */
export function sha256OfKey(key: string): string | undefined {
  const found = KEY.exec(key)
  return found?.[1] ?? found?.[2]
}
