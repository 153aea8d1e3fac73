import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'
import { buildMailbox, fileMail, newOutbound } from '../../../test/support/builders.ts'
import { startS3 } from '../../../test/support/s3-server.ts'
import { openLocalBlobs } from '../../storage/blobs/local.ts'
import { openS3Blobs } from '../../storage/blobs/s3.ts'
import { newBlobKey } from '../blob-key.ts'
import type { Clock } from '../clock.ts'
import { Failure } from '../errors.ts'
import type { BlobStore } from '../store.ts'

const DAY = 24 * 3_600_000

async function inFolder(clock: Clock, opened: AsyncDisposableStack): Promise<BlobStore> {
  const folder = await mkdtemp(join(tmpdir(), 'posthouse-test-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  return opened.use(await openLocalBlobs({ folder, clock }))
}

async function inBucket(clock: Clock, opened: AsyncDisposableStack): Promise<BlobStore> {
  const s3 = opened.use(await startS3())
  s3.stamp = clock.now
  return opened.use(await openS3Blobs({ ...s3, prefix: 'mail/' }))
}

describe.each([
  ['a folder', inFolder],
  ['a bucket', inBucket],
])('the sweep of %s', (_name, open) => {
  let t: TestApp
  let opened: AsyncDisposableStack
  beforeEach(async () => {
    opened = new AsyncDisposableStack()
    t = opened.use(await testApp())
    t.app.blobs = await open(t.clock, opened)
    await t.work()
  })
  afterEach(() => opened.disposeAsync())

  const put = async (size = 100): Promise<string> => {
    const bytes = randomBytes(size)
    const key = newBlobKey(createHash('sha256').update(bytes).digest('hex'))
    await t.app.blobs.put(key, bytes)
    return key
  }
  const there = async (keys: string[]) => {
    const found = await Promise.all(keys.map((key) => t.app.blobs.get(key)))
    return keys.filter((_, i) => found[i])
  }
  const tomorrow = async () => {
    t.clock.advance(DAY + 2000)
    await t.work()
  }
  /** Blobs that messages, deliveries and captured mails refer to, small and large ones. */
  const refer = async (): Promise<string[]> => {
    const mailbox = await buildMailbox(t.app.store)
    const keys = await Promise.all(Array.from({ length: 30 }, (_, i) => put(i % 10 === 0 ? 1_100_000 : 100)))
    await Promise.all(keys.map((blobKey) => fileMail(t.app.store, mailbox, { blobKey })))
    const sent = await put()
    await t.app.store.run('outbound.enqueue', newOutbound(mailbox, {}, { blobKey: sent }))
    return [...keys, sent]
  }

  test('a blob without a row is deleted when it is a day old, and not before', async () => {
    const kept = await refer()
    const orphans = [await put(), await put(1_100_000), await put()]
    t.clock.advance(DAY - 60_000)
    await t.work()
    expect(await there(orphans)).toEqual(orphans)
    await tomorrow()
    expect(await there(orphans)).toEqual([])
    expect(await there(kept)).toEqual(kept)
  })

  test('a blob that a row refers to is never deleted, however old', async () => {
    const kept = await refer()
    for (let day = 0; day < 3; day++) await tomorrow()
    expect(await there(kept)).toEqual(kept)
  })

  test('a young blob is never deleted, although it has no row', async () => {
    await refer()
    t.clock.advance(DAY - 60_000)
    await t.work()
    const young = [await put(), await put(1_100_000)]
    t.clock.advance(DAY - 60_000)
    await t.work()
    expect(await there(young)).toEqual(young)
  })

  test('it goes through all blobs, bite by bite', async () => {
    const mailbox = await buildMailbox(t.app.store)
    const kept = await Promise.all(Array.from({ length: 900 }, () => put(20)))
    await Promise.all(kept.map((blobKey) => fileMail(t.app.store, mailbox, { blobKey })))
    const orphans = await Promise.all(Array.from({ length: 200 }, () => put(20)))
    await tomorrow()
    // So many at once may be rows that are gone: there is a day to see the warning.
    expect(await there(orphans)).toHaveLength(200)
    await tomorrow()
    expect(await there(orphans)).toEqual([])
    expect(await there(kept)).toHaveLength(900)
  })

  test('what one bad hour left goes, although it fills the first page', async () => {
    const orphans = await Promise.all(Array.from({ length: 250 }, () => put(20)))
    const mailbox = await buildMailbox(t.app.store)
    const kept = await Promise.all(Array.from({ length: 400 }, () => put(20)))
    await Promise.all(kept.map((blobKey) => fileMail(t.app.store, mailbox, { blobKey })))
    // On the first day nobody knows yet that it is the exception.
    for (let day = 0; day < 2; day++) await tomorrow()
    expect(await there(orphans)).toEqual([])
    expect(await there(kept)).toHaveLength(400)
  })

  test('where most blobs have no row nothing is deleted: the database is the wrong one', async () => {
    const all = await Promise.all(Array.from({ length: 40 }, () => put()))
    for (let day = 0; day < 3; day++) await tomorrow()
    expect(await there(all)).toEqual(all)
  })

  test('an outage only puts it off', async () => {
    await refer()
    const orphan = await put()
    const remove = t.app.blobs.delete.bind(t.app.blobs)
    t.app.blobs.delete = () => Promise.reject(new Failure('unavailable', 'Not now'))
    await tomorrow()
    expect(await there([orphan])).toEqual([orphan])
    t.app.blobs.delete = remove
    t.clock.advance(3_600_000)
    await t.work()
    expect(await there([orphan])).toEqual([])
  })
})

test('there is one sweep, however often and wherever the server starts', async () => {
  await using t = await testApp()
  await t.work()
  const due = await t.app.store.read.jobs.nextDue()
  t.clock.advance(1000)
  await t.work()
  expect(await t.app.store.read.jobs.nextDue()).toBe(due)
  t.clock.advance(DAY)
  const jobs = await t.app.store.run('jobs.claim', { leaseMs: 1000, limit: 100 })
  const sweeps = jobs.map((job) => job.task).filter(({ kind }) => kind === 'sweep-blobs')
  expect(sweeps).toEqual([{ kind: 'sweep-blobs', cursor: null }])
})
