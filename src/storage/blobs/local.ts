import { createHash } from 'node:crypto'
import { mkdir, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { zstdDecompressSync } from 'node:zlib'
import { sha256OfKey } from '../../core/blob-key.ts'
import { type Clock, systemClock } from '../../core/clock.ts'
import { Failure } from '../../core/errors.ts'
import type { BlobList, BlobStore } from '../../core/store.ts'
import { CommandThread } from '../command-thread.ts'
import { PROBE } from '../group-writer.ts'
import { ReadingConnection } from '../reading-connection.ts'
import { openConnection } from '../sqlite.ts'
import { LargeFiles, syncFolder } from './large-files.ts'
import { Slots } from './slots.ts'

const script = new URL('./blob-writer.ts', import.meta.url)

/** From here on a file of its own is as quick, and the database stays small. */
const LARGE_BYTES = 1024 * 1024

/** With less than this left, a checkpoint or the next large mail may find the disk full. */
const ROOM_BYTES = 16 * 1024 * 1024

/** Large blobs that are read at once: a thousand who ask together would fill the memory. */
const LARGE_READS = 8

/** How many keys are looked at in one turn of a list: the main thread does it, in some 2 ms. */
const PAGE = 200

const KEY = /^[0-9a-z][0-9a-z-]{7,127}$/

/** Blobs in a folder: small ones together in a SQLite file, many in one commit, large ones as files. */
export async function openLocalBlobs(options: { folder: string; clock?: Clock }): Promise<BlobStore> {
  const { folder, clock = systemClock } = options
  await mkdir(folder, { recursive: true })
  await syncFolder(dirname(folder))
  const path = join(folder, 'small.db')
  prepareSmall(path)
  const large = new LargeFiles(join(folder, 'large'))
  await large.prepare()
  return new LocalBlobs(folder, path, large, clock)
}

function prepareSmall(path: string): void {
  const connection = openConnection(path)
  try {
    connection.exec(`create table if not exists blobs (
      key text primary key, packed integer not null, created_at integer not null, bytes blob not null)`)
  } finally {
    connection.close()
  }
}

class LocalBlobs implements BlobStore {
  readonly #folder: string
  readonly #large: LargeFiles
  readonly #small: ReadingConnection
  readonly #writer: CommandThread
  readonly #largeReads = new Slots(LARGE_READS)
  readonly #clock: Clock

  constructor(folder: string, path: string, large: LargeFiles, clock: Clock) {
    this.#folder = folder
    this.#large = large
    this.#clock = clock
    this.#small = new ReadingConnection(path, { readsOnce: true })
    this.#writer = new CommandThread(script, path)
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    checkKey(key)
    if (bytes.length >= LARGE_BYTES) return available(this.#large.write(key, bytes, this.#clock.now()))
    // A copy of exactly these bytes: a clone of a Buffer would carry the whole memory that it is a window on.
    const copy = new Uint8Array(bytes)
    await this.#writer.run('put', { key, bytes: copy }, this.#clock.now(), [copy.buffer])
  }

  expect(): void {
    this.#writer.warm()
  }

  async get(key: string): Promise<Buffer | undefined> {
    checkKey(key)
    const [row] = this.#small.all('select packed, bytes from blobs where key = ?', key)
    if (row) return whole(key, unpacked(row as unknown as Packed))
    return this.#largeReads.run(patience, async () => whole(key, await available(this.#large.read(key))))
  }

  async delete(keys: string[]): Promise<void> {
    if (keys.length === 0) return
    for (const key of keys) checkKey(key)
    const small = new Set(await this.#writer.run<string[]>('delete', keys))
    await available(this.#large.delete(keys.filter((key) => !small.has(key))))
  }

  async ping(): Promise<void> {
    this.#small.all('select key from blobs limit 1')
    await this.#writer.run(PROBE, null)
    const { bavail, bsize } = await available(statfs(this.#folder))
    if (bavail * bsize < ROOM_BYTES) throw new Failure('unavailable', 'The disk is full')
  }

  // The small ones first, then the large ones; the cursor says where we are.
  async list(olderThan: number, cursor: string | null): Promise<BlobList> {
    if (cursor?.startsWith('large:')) {
      const page = await available(this.#large.list(olderThan, cursor.slice('large:'.length), PAGE))
      return { keys: page.keys, next: page.next === null ? null : `large:${page.next}` }
    }
    const sql = 'select key, created_at < ? as old from blobs where key > ? order by key limit ?'
    const rows = this.#small.all(sql, olderThan, cursor ?? '', PAGE)
    const last = rows.length < PAGE ? undefined : rows.at(-1)
    return {
      keys: rows.filter((row) => row.old === 1).map((row) => String(row.key)),
      next: last ? String(last.key) : 'large:',
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer[Symbol.asyncDispose]()
    this.#small[Symbol.dispose]()
  }
}

/** Who reads a blob waits until it has it. */
const patience = new AbortController().signal

// A key becomes a file name.
function checkKey(key: string): void {
  if (!KEY.test(key)) throw new Error('Not a blob key')
}

interface Packed {
  packed: number
  bytes: Uint8Array
}

function unpacked({ packed, bytes }: Packed): Buffer | null {
  if (!packed) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  try {
    return zstdDecompressSync(bytes)
  } catch {
    return null
  }
}

// What a disk gives back after years, or after a crash of its own, is not always what it was given.
async function whole(key: string, bytes: Buffer | null | undefined): Promise<Buffer | undefined> {
  if (bytes === null || (bytes && !(await isWhole(key, bytes)))) throw damaged(key)
  return bytes
}

async function isWhole(key: string, bytes: Buffer): Promise<boolean> {
  const expected = sha256OfKey(key)
  if (expected === undefined) return true
  const hash = createHash('sha256')
  for (let at = 0; at < bytes.length; at += LARGE_BYTES) {
    if (at > 0) await setImmediate()
    hash.update(bytes.subarray(at, at + LARGE_BYTES))
  }
  return hash.digest('hex') === expected
}

function damaged(key: string): Failure {
  const cause = new Error(`The bytes under ${key} are not those that were put there`)
  return new Failure('unavailable', 'The stored bytes are damaged', { cause })
}

async function available<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw new Failure('unavailable', 'The blob store does not answer now', { cause: error })
  }
}
