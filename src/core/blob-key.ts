import { randomBytes } from 'node:crypto'

/**
 * A key for new bytes: their SHA-256 (hex), so that anybody can check what is kept, and a random end, so that no two owners share a
 * blob and deleting one can never take the bytes of another (docs/decisions/blob-keys.md).
 */
export function newBlobKey(sha256: string): string {
  return `${sha256}-${randomBytes(8).toString('hex')}`
}
