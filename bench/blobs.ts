// How many blobs a second are kept, durable, with many at once.
// node bench/blobs.ts [bytes] [concurrency] [blobs]
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newBlobKey } from '../src/core/blob-key.ts'
import { openLocalBlobs } from '../src/storage/blobs/local.ts'

const size = Number(process.argv[2] ?? 5000)
const concurrency = Number(process.argv[3] ?? 32)
const count = Number(process.argv[4] ?? 20_000)

const folder = await mkdtemp(join(tmpdir(), 'posthouse-bench-'))
try {
  await using blobs = await openLocalBlobs({ folder })
  let left = count
  const worker = async () => {
    while (left-- > 0) {
      // As well packed as mail usually is: words, and some of it random.
      const words = Buffer.from('The engine weaves algebraic patterns as the loom weaves flowers. '.repeat(size / 130))
      const bytes = Buffer.concat([words, Buffer.from(randomBytes(size * 0.375).toString('base64'))])
      await blobs.put(newBlobKey(createHash('sha256').update(bytes).digest('hex')), bytes)
    }
  }
  const start = performance.now()
  await Promise.all(Array.from({ length: concurrency }, worker))
  console.log(
    `${Math.round(count / ((performance.now() - start) / 1000))} blobs/s of ${size} bytes, ${concurrency} at once`,
  )
} finally {
  await rm(folder, { recursive: true })
}
