import { createHash } from 'node:crypto'
import { sha256OfKey } from '../../core/blob-key.ts'
import { Failure } from '../../core/errors.ts'
import type { BlobStore } from '../../core/store.ts'
import type { Row, RowTarget } from '../rows/portable.ts'
import { blobKeyOf, type Head, MANIFEST, type Manifest, ROWS, readHead, readManifest, SECRET } from './manifest.ts'
import { readTar, type TarEntry } from './tar.ts'

/** Blobs under way to their store. */
const PUTS = 32
const PUT_BYTES = 64 * 1024 * 1024

export interface RestoreInput {
  chunks: AsyncIterable<Uint8Array>
  /** Called with the first file; throws when this backup cannot be restored here. */
  open(head: Head): Promise<{ target: RowTarget; blobs: BlobStore | undefined }>
  /** Called when the backup holds a master secret, before any row is there for anybody. */
  keepSecret(secret: string): Promise<void>
  onProgress?(what: 'rows' | 'blobs', done: number): void
}

/** Reads a backup into an empty place. The rows are there when all of it was read and found whole; blobs come before. */
export async function readBackup(input: RestoreInput): Promise<{ head: Head; manifest: Manifest }> {
  const entries = readTar(input.chunks)
  const first = await entries.next()
  if (first.done) throw new Failure('unprocessable', 'The backup is empty')
  const head = readHead(first.value.name, first.value.bytes)
  const { target, blobs } = await input.open(head)
  await using _ = target
  await target.prepare(head.rows)
  const reader = new BackupReader(input, target, blobs)
  reader.hash(first.value)
  for await (const entry of entries) {
    if (entry.name !== MANIFEST) {
      await reader.take(entry)
      continue
    }
    const manifest = readManifest(entry.bytes)
    await reader.end(manifest)
    return { head, manifest }
  }
  throw new Failure('unprocessable', 'The backup has no manifest: it was not finished')
}

class BackupReader {
  readonly #input: RestoreInput
  readonly #target: RowTarget
  readonly #blobs: BlobPutter | undefined
  readonly #hashes = new Map<string, string>()
  #count = 0
  #bytes = 0

  constructor(input: RestoreInput, target: RowTarget, blobs: BlobStore | undefined) {
    this.#input = input
    this.#target = target
    this.#blobs = blobs && new BlobPutter(blobs)
  }

  hash({ name, bytes }: TarEntry): void {
    this.#hashes.set(name, createHash('sha256').update(bytes).digest('hex'))
  }

  async take(entry: TarEntry): Promise<void> {
    const key = blobKeyOf(entry.name)
    if (key !== undefined) return this.#takeBlob(key, entry.bytes)
    this.hash(entry)
    const table = ROWS.exec(entry.name)?.[1]
    if (table !== undefined) {
      const rows = parseRows(entry)
      await this.#target.load(table, rows)
      this.#input.onProgress?.('rows', rows.length)
    } else if (entry.name === SECRET) await this.#input.keepSecret(entry.bytes.toString().trim())
    else throw new Failure('unprocessable', `The backup holds something unknown: ${entry.name}`)
  }

  async end(manifest: Manifest): Promise<void> {
    await this.#blobs?.settled()
    for (const name of new Set([...this.#hashes.keys(), ...Object.keys(manifest.files)])) {
      if (this.#hashes.get(name) !== manifest.files[name]) throw wrong(name)
    }
    if (this.#count !== manifest.blobs.count || this.#bytes !== manifest.blobs.bytes) throw wrong('the number of blobs')
    await this.#target.finish(manifest.rows)
  }

  async #takeBlob(key: string, bytes: Buffer): Promise<void> {
    if (createHash('sha256').update(bytes).digest('hex') !== sha256OfKey(key)) throw wrong(`blobs/${key}`)
    this.#count++
    this.#bytes += bytes.length
    await this.#blobs?.put(key, bytes)
    this.#input.onProgress?.('blobs', 1)
  }
}

function wrong(what: string): Failure {
  return new Failure('unprocessable', `The backup is damaged: ${what} is not as it was written`)
}

function parseRows({ name, bytes }: TarEntry): Row[] {
  try {
    return bytes
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
  } catch {
    throw wrong(name)
  }
}

/** Puts many blobs at once, since many share a commit. A restore that was broken off may have put some of them already. */
class BlobPutter {
  readonly #blobs: BlobStore
  readonly #running = new Set<Promise<void>>()
  #bytes = 0
  #failure: unknown

  constructor(blobs: BlobStore) {
    this.#blobs = blobs
  }

  async put(key: string, bytes: Buffer): Promise<void> {
    while (this.#running.size >= PUTS || (this.#running.size > 0 && this.#bytes + bytes.length > PUT_BYTES)) {
      await Promise.race(this.#running)
    }
    if (this.#failure !== undefined) throw this.#failure
    this.#bytes += bytes.length
    const work = this.#putUnlessThere(key, bytes)
      .catch((error: unknown) => {
        this.#failure ??= error
      })
      .finally(() => {
        this.#bytes -= bytes.length
        this.#running.delete(work)
      })
    this.#running.add(work)
  }

  async settled(): Promise<void> {
    await Promise.all(this.#running)
    if (this.#failure !== undefined) throw this.#failure
  }

  async #putUnlessThere(key: string, bytes: Buffer): Promise<void> {
    const kept = await this.#blobs.get(key)
    if (!kept) await this.#blobs.put(key, bytes)
  }
}
