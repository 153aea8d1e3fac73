import { access, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { zstdDecompressSync } from 'node:zlib'
import { Failure } from '../../core/errors.ts'
import type { BlobStore } from '../../core/store.ts'
import { CommandThread } from '../command-thread.ts'
import { openConnection } from '../sqlite.ts'
import { LargeFiles } from './large-files.ts'

const script = new URL('./blob-writer.ts', import.meta.url)

/** From here on a file of its own is as quick, and the database stays small. */
const LARGE_BYTES = 1024 * 1024

const KEY = /^[0-9a-z][0-9a-z-]{7,127}$/

/** Blobs in a folder: small ones together in a SQLite file, many in one commit, large ones as files. */
export async function openLocalBlobs(options: { folder: string }): Promise<BlobStore> {
  await mkdir(options.folder, { recursive: true })
  const path = join(options.folder, 'small.db')
  const first = openConnection(path)
  first.exec('create table if not exists blobs (key text primary key, packed integer not null, bytes blob not null)')
  first.close()
  const large = new LargeFiles(join(options.folder, 'large'))
  await large.prepare()
  return new LocalBlobs(options.folder, path, large)
}

class LocalBlobs implements BlobStore {
  readonly #folder: string
  readonly #large: LargeFiles
  readonly #connection: DatabaseSync
  readonly #select
  readonly #writer: CommandThread

  constructor(folder: string, path: string, large: LargeFiles) {
    this.#folder = folder
    this.#large = large
    this.#connection = openConnection(path, { readOnly: true })
    this.#select = this.#connection.prepare('select packed, bytes from blobs where key = ?')
    this.#writer = new CommandThread(script, path)
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    checkKey(key)
    if (bytes.length >= LARGE_BYTES) return available(this.#large.write(key, bytes))
    // A copy of exactly these bytes: a clone of a Buffer would carry the whole memory that it is a window on.
    await this.#writer.run('put', { key, bytes: new Uint8Array(bytes) })
  }

  async get(key: string): Promise<Buffer | undefined> {
    checkKey(key)
    const row = this.#select.get(key) as { packed: number; bytes: Uint8Array } | undefined
    if (!row) return available(this.#large.read(key))
    if (row.packed) return zstdDecompressSync(row.bytes)
    return Buffer.from(row.bytes.buffer, row.bytes.byteOffset, row.bytes.byteLength)
  }

  async delete(keys: string[]): Promise<void> {
    if (keys.length === 0) return
    for (const key of keys) checkKey(key)
    const small = new Set(await this.#writer.run<string[]>('delete', keys))
    await available(this.#large.delete(keys.filter((key) => !small.has(key))))
  }

  async ping(): Promise<void> {
    this.#connection.prepare('select 1').get()
    await access(this.#folder)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer[Symbol.asyncDispose]()
    if (this.#connection.isOpen) this.#connection.close()
  }
}

// A key becomes a file name.
function checkKey(key: string): void {
  if (!KEY.test(key)) throw new Error('Not a blob key')
}

async function available<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw new Failure('unavailable', 'The blob store does not answer now', { cause: error })
  }
}
