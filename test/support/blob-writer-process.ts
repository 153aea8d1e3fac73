// Puts blobs without end, small and large, and says which are kept, until it is killed: node blob-writer-process.ts <folder>
import { createHash, randomBytes } from 'node:crypto'
import { writeSync } from 'node:fs'
import { newBlobKey } from '../../src/core/blob-key.ts'
import { openLocalBlobs } from '../../src/storage/blobs/local.ts'

const blobs = await openLocalBlobs({ folder: process.argv[2] ?? '.' })

async function work(i: number): Promise<never> {
  // One in eight is a file of its own.
  const size = i % 8 === 0 ? 1_200_000 : 200 + i * 150
  for (;;) {
    const bytes = randomBytes(size)
    const key = newBlobKey(createHash('sha256').update(bytes).digest('hex'))
    await blobs.put(key, bytes)
    writeSync(1, `${key}\n`)
  }
}
await Promise.all(Array.from({ length: 32 }, (_, i) => work(i)))
