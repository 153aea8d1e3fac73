import { createHash } from 'node:crypto'
import type { App } from '../app.ts'

/** What is wrong with the bytes under a key. */
export interface BlobFault {
  key: string
  problem: 'missing' | 'damaged'
}

export interface BlobCheck {
  checked: number
  bytes: number
  faults: number
}

const PAGE = 500
/** Blobs in memory at once. */
const AT_ONCE = 4

/** Reads the bytes of every row that has some, and holds them against their SHA-256. Works while the server runs. */
export async function checkBlobs(
  app: Pick<App, 'store' | 'blobs'>,
  onFault: (fault: BlobFault) => void,
  onProgress: (checked: number) => void = () => {},
): Promise<BlobCheck> {
  const result = { checked: 0, bytes: 0, faults: 0 }
  for (let after = ''; ; ) {
    const page = await app.store.read.messages.blobsAfter(after, PAGE)
    const queue = page.values()
    const worker = async () => {
      for (const blob of queue) {
        const { bytes, problem } = await look(app, blob)
        result.checked++
        result.bytes += bytes
        if (problem) result.faults++
        if (problem) onFault({ key: blob.key, problem })
        onProgress(result.checked)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    const last = page.at(-1)
    if (!last) return result
    after = last.key
  }
}

interface Looked {
  bytes: number
  problem?: BlobFault['problem']
}

async function look(
  app: Pick<App, 'store' | 'blobs'>,
  { key, sha256 }: { key: string; sha256: string },
): Promise<Looked> {
  let found: Buffer | undefined
  try {
    found = await app.blobs.get(key)
  } catch {
    // A store that is away says nothing of one blob: this throws, and ends the check.
    await app.blobs.ping()
    return { bytes: 0, problem: 'damaged' }
  }
  if (found) {
    const right = createHash('sha256').update(found).digest('hex') === sha256
    return right ? { bytes: found.length } : { bytes: found.length, problem: 'damaged' }
  }
  // It may have been erased with its rows since they were listed.
  const named = await app.store.read.messages.referencedBlobs([key])
  return named.has(key) ? { bytes: 0, problem: 'missing' } : { bytes: 0 }
}
