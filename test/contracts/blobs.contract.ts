import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newBlobKey } from '../../src/core/blob-key.ts'
import type { BlobList, BlobStore } from '../../src/core/store.ts'

/** What a store of blobs must do, wherever it keeps them. */
export function blobsContract(name: string, open: () => Promise<BlobStore>): void {
  describe(`blobs in ${name}`, () => {
    let blobs: BlobStore
    beforeAll(async () => {
      blobs = await open()
    })
    afterAll(() => blobs[Symbol.asyncDispose]())

    const keyOf = (bytes: Uint8Array) => newBlobKey(createHash('sha256').update(bytes).digest('hex'))
    const put = async (bytes: Uint8Array) => {
      const key = keyOf(bytes)
      await blobs.put(key, bytes)
      return key
    }

    test.each([0, 1, 255, 256, 5000, 1024 * 1024 - 1, 1024 * 1024, 3_000_000, 30_000_000])(
      '%i bytes come back as they were',
      async (size) => {
        for (const bytes of [randomBytes(size), Buffer.alloc(size, 'mail ')]) {
          const found = await blobs.get(await put(bytes))
          expect(found?.equals(bytes)).toBe(true)
        }
      },
    )

    test('a window on a larger memory is kept as just that window', async () => {
      const memory = randomBytes(10_000)
      const key = await put(memory.subarray(100, 200))
      expect(await blobs.get(key)).toEqual(memory.subarray(100, 200))
    })

    test('the bytes may be changed after the call', async () => {
      const bytes = Buffer.alloc(500, 'a')
      const key = keyOf(bytes)
      const kept = blobs.put(key, bytes)
      bytes.fill('b')
      await kept
      expect((await blobs.get(key))?.toString()).toBe('a'.repeat(500))
    })

    test('what is not there is undefined, and deleting it is no error', async () => {
      const key = newBlobKey('0'.repeat(64))
      expect(await blobs.get(key)).toBeUndefined()
      await blobs.delete([key])
      await blobs.delete([])
    })

    test('deleting takes the named ones and no other', async () => {
      const sizes = [10, 2_000_000, 20, 1_500_000]
      const keys = []
      for (const size of sizes) keys.push(await put(randomBytes(size)))
      await blobs.delete([keys[0]!, keys[1]!])
      const found = await Promise.all(keys.map((key) => blobs.get(key)))
      expect(found.map((bytes) => bytes?.length)).toEqual([undefined, undefined, 20, 1_500_000])
    })

    test('the same bytes under two keys are two blobs', async () => {
      const bytes = randomBytes(300)
      const [a, b] = [await put(bytes), await put(bytes)]
      await blobs.delete([a])
      expect(await blobs.get(b)).toEqual(bytes)
    })

    test('many at once are all kept', async () => {
      const all = Array.from({ length: 300 }, () => randomBytes(1000))
      const keys = await Promise.all(all.map(put))
      const found = await Promise.all(keys.map((key) => blobs.get(key)))
      expect(found).toEqual(all)
    })

    test('a key that is none of ours is refused', async () => {
      for (const key of ['../../etc/passwd', 'a/b', '', 'A'.repeat(64)]) {
        await expect(blobs.put(key, Buffer.from('x'))).rejects.toThrow('Not a blob key')
        await expect(blobs.get(key)).rejects.toThrow('Not a blob key')
        await expect(blobs.delete([key])).rejects.toThrow('Not a blob key')
      }
    })

    test('every blob that is old enough is listed once, by its key, until it is deleted', async () => {
      const sizes = Array.from({ length: 1200 }, (_, i) => (i % 400 === 0 ? 1_100_000 : 40))
      const keys = await Promise.all(sizes.map((size) => put(randomBytes(size))))
      const before = await listAll(blobs, Date.now() + 60_000)
      expect(new Set(before).size).toBe(before.length)
      expect(keys.filter((key) => !before.includes(key))).toEqual([])
      expect(await listAll(blobs, Date.now() - 60_000)).toEqual([])
      await blobs.delete(keys)
      expect(before.filter((key) => !keys.includes(key)).sort()).toEqual(
        (await listAll(blobs, Date.now() + 60_000)).sort(),
      )
    })

    test('it answers', async () => {
      await blobs.ping()
    })
  })
}

async function listAll(blobs: BlobStore, olderThan: number): Promise<string[]> {
  const keys: string[] = []
  let cursor: string | null = null
  do {
    const page: BlobList | undefined = await blobs.list?.(olderThan, cursor)
    keys.push(...(page?.keys ?? []))
    cursor = page?.next ?? null
  } while (cursor !== null)
  return keys
}
