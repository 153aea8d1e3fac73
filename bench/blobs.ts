// How many blobs a second are kept, durable, with many at once; in a folder, or in the stand-in for a bucket.
// node bench/blobs.ts [bytes] [concurrency] [blobs] [s3]
import { fork } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newBlobKey } from '../src/core/blob-key.ts'
import type { BlobStore } from '../src/core/store.ts'
import { openLocalBlobs } from '../src/storage/blobs/local.ts'
import { openS3Blobs } from '../src/storage/blobs/s3.ts'

const size = Number(process.argv[2] ?? 5000)
const concurrency = Number(process.argv[3] ?? 32)
const count = Number(process.argv[4] ?? 20_000)
const inBucket = process.argv[5] === 's3'

await using opened = new AsyncDisposableStack()
const blobs = inBucket ? await openBucket() : await openFolder()
const keys: string[] = []
await measure('kept', async () => {
  // As well packed as mail usually is: words, and some of it random.
  const words = Buffer.from('The engine weaves algebraic patterns as the loom weaves flowers. '.repeat(size / 130))
  const bytes = Buffer.concat([words, Buffer.from(randomBytes(size * 0.375).toString('base64'))])
  const key = newBlobKey(createHash('sha256').update(bytes).digest('hex'))
  await blobs.put(key, bytes)
  keys.push(key)
})
await measure('read', async () => void (await blobs.get(keys[Math.floor(Math.random() * keys.length)] ?? '')))
const start = performance.now()
let [pages, listed] = [0, 0]
let cursor: string | null = null
do {
  const page: Awaited<ReturnType<NonNullable<BlobStore['list']>>> | undefined = await blobs.list?.(Date.now(), cursor)
  pages++
  listed += page?.keys.length ?? 0
  cursor = page?.next ?? null
} while (cursor !== null)
console.log(`${listed} keys listed, ${((performance.now() - start) / pages).toFixed(1)} ms a page`)

async function measure(name: string, one: () => Promise<void>): Promise<void> {
  let left = count
  const begin = performance.now()
  const cpu = process.cpuUsage()
  const worker = async () => {
    while (left-- > 0) await one()
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  const seconds = (performance.now() - begin) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const each = Math.round((user + system) / count)
  console.log(
    `${Math.round(count / seconds)} blobs/s ${name}, ${size} bytes, ${concurrency} at once, ${each} µs of CPU each`,
  )
}

async function openFolder(): Promise<BlobStore> {
  const folder = await mkdtemp(join(tmpdir(), 'posthouse-bench-'))
  opened.defer(() => rm(folder, { recursive: true }))
  return opened.use(await openLocalBlobs({ folder }))
}

async function openBucket(): Promise<BlobStore> {
  const standIn = fork(new URL('./s3-stand-in.ts', import.meta.url))
  opened.defer(() => void standIn.kill())
  const [place] = await once(standIn, 'message')
  return opened.use(await openS3Blobs(place))
}
