import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type S3Server, startS3 } from '../../../test/support/s3-server.ts'
import { newBlobKey, sha256OfKey } from '../../core/blob-key.ts'
import type { BlobStore } from '../../core/store.ts'
import { openS3Blobs, type S3Options } from './s3.ts'

let s3: S3Server
let blobs: BlobStore
/** For what hangs: in these tests it hangs for ever. */
let hasty: BlobStore
const unavailable = { name: 'Failure', code: 'unavailable', message: 'The blob store does not answer now' }

beforeEach(async () => {
  s3 = await startS3()
  blobs = await openS3Blobs(s3)
  hasty = await openS3Blobs(quick())
})
afterEach(async () => {
  await blobs[Symbol.asyncDispose]()
  await hasty[Symbol.asyncDispose]()
  await s3[Symbol.asyncDispose]()
})

const quick = (options: Partial<S3Options> = {}): S3Options => ({ ...s3, deadlineMs: 500, attemptMs: 100, ...options })
const keyOf = (bytes: Uint8Array) => newBlobKey(createHash('sha256').update(bytes).digest('hex'))
const put = async (bytes: Uint8Array = randomBytes(2000), into = blobs) => {
  const key = keyOf(bytes)
  await into.put(key, bytes)
  return key
}

describe('what goes over the wire', () => {
  test('the bytes and nothing else, at path style, with their length and the hash of the key', async () => {
    const bytes = randomBytes(5000)
    const key = await put(bytes)
    const [seen] = s3.seen
    expect(seen).toMatchObject({ method: 'PUT', key })
    expect(seen?.headers).toMatchObject({ 'content-length': '5000', 'x-amz-content-sha256': sha256OfKey(key) })
    expect(seen?.headers['transfer-encoding'] ?? seen?.headers['content-encoding']).toBeUndefined()
    expect(Object.keys(seen?.headers ?? {}).filter((name) => name.includes('checksum'))).toEqual([])
    expect(s3.objects.get(key)?.bytes.equals(bytes)).toBe(true)
  })

  test('the prefix stands before every key', async () => {
    await using prefixed = await openS3Blobs(quick({ prefix: 'a/b/' }))
    const key = await put(randomBytes(10), prefixed)
    expect([...s3.objects.keys()]).toEqual([`a/b/${key}`])
    await prefixed.delete([key])
    expect(s3.objects.size).toBe(0)
  })

  test('a thousand keys go in one request, and the rest in the next', async () => {
    const keys = Array.from({ length: 1500 }, () => newBlobKey('ab'.repeat(32)))
    for (const key of keys) s3.objects.set(key, { bytes: Buffer.alloc(1), at: 0, etag: '""' })
    await blobs.delete(keys)
    expect(s3.objects.size).toBe(0)
    expect(s3.seen.map((r) => r.method)).toEqual(['POST', 'POST'])
  })

  test('a store that cannot delete many at once is asked for it once', async () => {
    s3.deletesMany = false
    const [a, b, c] = [await put(), await put(), await put()]
    await blobs.delete([a, b])
    await blobs.delete([c, newBlobKey('0'.repeat(64))])
    expect(s3.objects.size).toBe(0)
    expect(s3.seen.filter((r) => r.method === 'POST')).toHaveLength(1)
  })

  test('connections are used again, and never more than so many at once', async () => {
    await using few = await openS3Blobs(quick({ concurrency: 5, deadlineMs: 20_000, attemptMs: 10_000 }))
    const keys = await Promise.all(Array.from({ length: 200 }, () => put(randomBytes(3000), few)))
    expect(s3.objects.size).toBe(200)
    expect(s3.peak()).toBeLessThanOrEqual(5)
    expect(s3.connections()).toBeLessThanOrEqual(5)
    const found = await Promise.all(keys.map((key) => few.get(key)))
    expect(found.filter((bytes) => bytes?.length === 3000)).toHaveLength(200)
  })

  test('what is in the bucket and not ours is never listed', async () => {
    const key = await put()
    s3.objects.set('backup/2024.tar', { bytes: Buffer.alloc(1), at: 0, etag: '""' })
    s3.objects.set('notes.txt', { bytes: Buffer.alloc(1), at: 0, etag: '""' })
    expect(await blobs.list?.(Date.now() + 60_000, null)).toEqual({ keys: [key], next: null })
  })
})

describe('the short way of small uploads', () => {
  const isShort = ({ headers }: (typeof s3.seen)[number]) => headers['amz-sdk-request'] === undefined

  test('is known from the first upload on, and says the same', async () => {
    await using own = await openS3Blobs(quick({ prefix: 'a/b/' }))
    for (const size of [0, 1, 5000]) await put(randomBytes(size), own)
    expect(s3.seen.map(isShort)).toEqual([false, true, true])
    const names = ['content-length', 'content-type', 'host', 'x-amz-content-sha256', 'connection']
    const said = s3.seen.map(({ method, headers }) => [method, ...names.map((name) => typeof headers[name])])
    expect(said[1]).toEqual(said[0])
    expect([...s3.objects.keys()].every((key) => key.startsWith('a/b/'))).toBe(true)
  })

  test('is not for an endpoint with a path of its own', async () => {
    await using behind = await openS3Blobs(quick({ endpoint: `${s3.endpoint}/${s3.bucket}` }))
    for (let i = 0; i < 3; i++) await put(randomBytes(100), behind)
    expect(s3.seen.map(isShort)).toEqual([false, false, false])
  })

  test('is not for large ones', async () => {
    await put()
    await put(randomBytes(1024 * 1024 + 1))
    expect(s3.seen.map(isShort)).toEqual([false, false])
  })

  test.each([
    { status: 500, code: 'InternalError' },
    { status: 503, code: 'SlowDown' },
    'cut',
    'hang',
    'torn',
  ] as const)('a failure on it is not felt: %j', async (fault) => {
    const store = await openS3Blobs(quick({ deadlineMs: 5_000 }))
    await put(randomBytes(10), store)
    let left = 1
    s3.fault = () => (left-- > 0 ? fault : undefined)
    const bytes = randomBytes(4000)
    expect(await store.get(await put(bytes, store))).toEqual(bytes)
    await put(randomBytes(10), store)
    const puts = s3.seen.filter(({ method }) => method === 'PUT')
    expect(puts.map(isShort)).toEqual([false, true, false, true])
    await store[Symbol.asyncDispose]()
  })

  test('is left for good when the store wants what the client says and we do not', async () => {
    s3.fault = (request) => (isShort(request) ? { status: 403, code: 'AccessDenied' } : undefined)
    for (let i = 0; i < 4; i++) await put()
    expect(s3.objects.size).toBe(4)
    expect(s3.seen.map(isShort)).toEqual([false, true, false, false, false])
  })

  test('signs with the token of a session, and the time of the store', async () => {
    await using own = await openS3Blobs(quick({ sessionToken: 'a token/of+a session==', deadlineMs: 5_000 }))
    s3.now = () => Date.now() + 3_600_000
    await put(randomBytes(10), own)
    s3.seen.length = 0
    await put(randomBytes(10), own)
    expect(s3.seen.map((seen) => [isShort(seen), seen.headers['x-amz-security-token']])).toEqual([
      [true, 'a token/of+a session=='],
    ])
  })

  test('bytes that are not those of the key are refused on it too', async () => {
    await put()
    await expect(blobs.put(newBlobKey('a'.repeat(64)), Buffer.from('other'))).rejects.toMatchObject(unavailable)
    expect(s3.objects.size).toBe(1)
  })
})

describe('integrity', () => {
  test('bytes that are not those of the key are not kept', async () => {
    await expect(blobs.put(newBlobKey('a'.repeat(64)), Buffer.from('other'))).rejects.toMatchObject(unavailable)
    expect(s3.objects.size).toBe(0)
  })

  test('bytes that were changed in the store are not handed out', async () => {
    const key = await put(Buffer.from('as it was'))
    const kept = s3.objects.get(key)
    if (kept) kept.bytes = Buffer.from('as it w4s')
    await expect(blobs.get(key)).rejects.toMatchObject(unavailable)
  })
})

describe('when the store fails', () => {
  const operations: [string, (store: BlobStore, key: string) => Promise<unknown>][] = [
    ['put', (store) => put(randomBytes(2000), store)],
    ['get', (store, key) => store.get(key)],
    ['delete of one', (store, key) => store.delete([key])],
    ['delete of many', (store, key) => store.delete([key, newBlobKey('0'.repeat(64))])],
    ['list', (store) => store.list?.(0, null) ?? Promise.reject(new Error('No list'))],
    ['ping', (store) => store.ping()],
  ]

  describe.each(operations)('%s', (name, operation) => {
    test.each([
      ['500', { status: 500, code: 'InternalError' }],
      ['503', { status: 503, code: 'SlowDown' }],
      ['no such bucket', { status: 404, code: 'NoSuchBucket' }],
      ['access denied', { status: 403, code: 'AccessDenied' }],
      ['silence', 'hang'],
      ['a connection that ends in the middle', 'cut'],
    ] as const)('is unavailable at %s, and works by itself afterwards', async (_what, fault) => {
      const key = await put()
      s3.fault = () => fault
      const attempt = operation(hasty, key)
      // An answer without a body has no middle.
      if (fault === 'cut' && (name === 'ping' || name === 'delete of one')) await attempt
      else await expect(attempt).rejects.toMatchObject(unavailable)
      s3.fault = () => undefined
      await operation(blobs, key)
    })

    test('is unavailable while nobody listens, and works by itself afterwards', async () => {
      const key = await put()
      await s3.stop()
      await expect(operation(blobs, key)).rejects.toMatchObject(unavailable)
      await s3.start()
      await operation(blobs, key)
    })
  })

  test.each([{ status: 500, code: 'InternalError' }, { status: 503, code: 'SlowDown' }, 'cut'] as const)(
    'one failure is not felt: %j',
    async (fault) => {
      const bytes = randomBytes(4000)
      const once = () => {
        let left = 1
        s3.fault = () => (left-- > 0 ? fault : undefined)
      }
      once()
      const key = await put(bytes)
      once()
      expect(await blobs.get(key)).toEqual(bytes)
      once()
      await blobs.delete([key, keyOf(bytes)])
      expect(s3.objects.size).toBe(0)
    },
  )

  test('the number of tries is bounded', async () => {
    for (const fault of [{ status: 500, code: 'InternalError' }, 'hang'] as const) {
      s3.fault = () => fault
      s3.seen.length = 0
      await expect(hasty.get(newBlobKey('0'.repeat(64)))).rejects.toMatchObject(unavailable)
      expect(s3.seen.length).toBeGreaterThan(1)
      expect(s3.seen.length).toBeLessThanOrEqual(3)
    }
  })

  test('an answer that stops in the middle is asked for again, once', async () => {
    const bytes = randomBytes(100_000)
    const key = await put(bytes)
    let left = 1
    s3.fault = () => (left-- > 0 ? 'stall' : undefined)
    expect(await hasty.get(key)).toEqual(bytes)
    s3.fault = () => 'stall'
    s3.seen.length = 0
    await expect(hasty.get(key)).rejects.toMatchObject(unavailable)
    expect(s3.seen).toHaveLength(2)
  })

  test('a full store is unavailable until there is room', async () => {
    const old = await put(randomBytes(3000))
    s3.capacityBytes = 4000
    await expect(put(randomBytes(3000))).rejects.toMatchObject(unavailable)
    await blobs.delete([old])
    const bytes = randomBytes(3000)
    expect(await blobs.get(await put(bytes))).toEqual(bytes)
  })

  test('whoever waits for a slot behind requests that hang waits no longer than the others', async () => {
    await using few = await openS3Blobs(quick({ concurrency: 2, deadlineMs: 400, attemptMs: 10_000 }))
    s3.fault = () => 'hang'
    const results = await Promise.allSettled(Array.from({ length: 50 }, () => put(randomBytes(10), few)))
    expect(results.filter((r) => r.status === 'rejected' && r.reason.code === 'unavailable')).toHaveLength(50)
    s3.fault = () => undefined
    await put(randomBytes(10), few)
  })

  test('something else that answers on the port is unavailable', async () => {
    const odd = createServer((socket) => socket.on('error', () => {}).end('220 not HTTP\r\n'))
    await new Promise<void>((resolve) => odd.listen(0, '127.0.0.1', resolve))
    const address = odd.address()
    const port = typeof address === 'object' ? address?.port : 0
    await using lost = await openS3Blobs(quick({ endpoint: `http://127.0.0.1:${port}` }))
    await expect(lost.ping()).rejects.toMatchObject(unavailable)
    await expect(put(randomBytes(10), lost)).rejects.toMatchObject(unavailable)
    odd.close()
  })
})

describe('the wrong credentials', () => {
  test('are unavailable: a wrong secret, a wrong key, a wrong region', async () => {
    const wrong = [{ secretAccessKey: 'other' }, { accessKeyId: 'OTHER' }, { region: 'us-east-1' }]
    for (const options of wrong) {
      await using refused = await openS3Blobs(quick(options))
      await expect(put(randomBytes(10), refused)).rejects.toMatchObject(unavailable)
      await expect(refused.get(keyOf(Buffer.from('x')))).rejects.toMatchObject(unavailable)
      await expect(refused.ping()).rejects.toMatchObject(unavailable)
    }
    expect(s3.objects.size).toBe(0)
  })

  test('a clock that is off is corrected by what the store says', async () => {
    s3.now = () => Date.now() + 3_600_000
    const bytes = randomBytes(100)
    expect(await blobs.get(await put(bytes))).toEqual(bytes)
  })
})
