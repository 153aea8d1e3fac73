import { execFileSync, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { manualClock } from '../../../test/support/clock.ts'
import { newBlobKey, sha256OfKey } from '../../core/blob-key.ts'
import type { BlobStore } from '../../core/store.ts'
import { openConnection } from '../sqlite.ts'
import { openLocalBlobs } from './local.ts'

const script = fileURLToPath(new URL('../../../test/support/blob-writer-process.ts', import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'posthouse-test-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const put = async (blobs: BlobStore, bytes: Buffer): Promise<string> => {
  const key = newBlobKey(sha256(bytes))
  await blobs.put(key, bytes)
  return key
}

test('a process that is killed under load, again and again, loses nothing that it said was kept', async () => {
  const folder = join(root, 'killed')
  const kept: string[] = []
  for (const after of [1, 40, 120]) kept.push(...(await keysUntilKilled(folder, after)))
  await using blobs = await openLocalBlobs({ folder })
  for (const key of kept) expect(sha256((await blobs.get(key)) ?? Buffer.alloc(0))).toBe(sha256OfKey(key))
  expect(kept.length).toBeGreaterThanOrEqual(161)
})

async function keysUntilKilled(folder: string, after: number): Promise<string[]> {
  const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const keys: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    if (sha256OfKey(line)) keys.push(line)
    if (keys.length === after) child.kill('SIGKILL')
  }
  await exited
  return keys
}

test.each([
  ['cut off', (path: string) => truncateSync(path, 500_000)],
  ['empty', (path: string) => truncateSync(path, 0)],
  ['of other bytes', (path: string) => writeFileSync(path, randomBytes(2_000_000))],
])('a large blob whose file is %s is told from a whole one', async (_how, spoil) => {
  const folder = mkdtempSync(join(root, 'spoiled-'))
  await using blobs = await openLocalBlobs({ folder })
  const key = await put(blobs, randomBytes(2_000_000))
  const other = await put(blobs, randomBytes(2_000_000))
  const hash = sha256OfKey(key) ?? ''
  spoil(join(folder, 'large', hash.slice(0, 2), hash.slice(2, 4), key))
  await expect(blobs.get(key)).rejects.toMatchObject({ code: 'unavailable', message: 'The stored bytes are damaged' })
  expect(sha256((await blobs.get(other)) ?? Buffer.alloc(0))).toBe(sha256OfKey(other))
})

test.each([300, 5_000])('a small blob of %i bytes that has rotted is told from a whole one', async (length) => {
  const folder = mkdtempSync(join(root, 'rotten-'))
  await using blobs = await openLocalBlobs({ folder })
  const key = await put(blobs, Buffer.alloc(length, 'text '))
  const connection = openConnection(join(folder, 'small.db'))
  connection.prepare('update blobs set bytes = ? where key = ?').run(randomBytes(length), key)
  connection.close()
  await expect(blobs.get(key)).rejects.toMatchObject({ code: 'unavailable' })
})

const small = mountSmall()
afterAll(() => {
  if (!small) return
  execFileSync('/bin/umount', [small])
  rmSync(small, { recursive: true })
})
if (!small) console.log('Skipped: a full disk. Mounting a small tmpfs needs root.')

test.skipIf(!small)('a full disk is unavailable, keeps what it had, and works again when there is room', async () => {
  const folder = join(small ?? '', 'blobs')
  await using blobs = await openLocalBlobs({ folder })
  const filler = join(small ?? '', 'filler')
  writeFileSync(filler, Buffer.alloc(2_500_000))
  const kept: string[] = []
  const fill = async (size: number) => {
    for (let i = 0; i < 10_000; i++) kept.push(await put(blobs, randomBytes(size)))
  }
  const unavailable = { name: 'Failure', code: 'unavailable' }
  await expect(fill(20_000)).rejects.toMatchObject(unavailable)
  await expect(put(blobs, randomBytes(1_500_000))).rejects.toMatchObject(unavailable)
  for (const key of kept) expect(sha256((await blobs.get(key)) ?? Buffer.alloc(0))).toBe(sha256OfKey(key))
  await expect(blobs.ping()).rejects.toMatchObject(unavailable)

  rmSync(filler)
  for (const size of [20_000, 1_200_000]) {
    const bytes = randomBytes(size)
    expect(await blobs.get(await put(blobs, bytes))).toEqual(bytes)
  }
  await blobs.delete(kept)
  expect(kept.length).toBeGreaterThan(5)
})

function mountSmall(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-small-'))
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=6m', 'none', folder], { stdio: 'ignore' })
    return folder
  } catch {
    rmSync(folder, { recursive: true })
    return undefined
  }
}

test('the age of a blob is that of the clock when it was put', async () => {
  const clock = manualClock()
  await using blobs = await openLocalBlobs({ folder: join(root, 'aged'), clock })
  const old = [await put(blobs, randomBytes(10)), await put(blobs, randomBytes(1_100_000))]
  clock.advance(1000)
  await put(blobs, randomBytes(10))
  await put(blobs, randomBytes(1_100_000))
  const [first, last] = [await blobs.list?.(clock.now(), null), await blobs.list?.(clock.now(), 'large:')]
  expect([...(first?.keys ?? []), ...(last?.keys ?? [])]).toEqual(old)
})
