import { createHash } from 'node:crypto'
import { sha256OfKey } from '../../core/blob-key.ts'
import type { BlobStore } from '../../core/store.ts'
import type { Row, RowSnapshot } from '../rows/portable.ts'
import { ahead } from './ahead.ts'
import { KeySet } from './key-set.ts'
import { HEAD, type Head, MANIFEST, type Manifest, SECRET } from './manifest.ts'
import { tarEnd, tarEntry } from './tar.ts'

/** How many blobs are asked for at once; a message is as large as the limit allows. */
const BLOBS_AHEAD = 6

const MISSING_NAMED = 1000

export interface BackupInput {
  head: Head
  snapshot: RowSnapshot
  /** The master secret, when it is to be in the backup. */
  secret: string | undefined
  /** Absent: the blobs stay where they are. */
  blobs: BlobStore | undefined
  write(buffers: Buffer[]): Promise<void>
  onProgress?(what: 'rows' | 'blobs', done: number, of: number | undefined): void
}

/** Writes a backup as one archive: rows first, as they were at one moment, then the blobs that those rows name. */
export async function writeBackup(input: BackupInput): Promise<Manifest> {
  const writer = new BackupWriter(input)
  using keys = new KeySet()
  await writer.file(HEAD, Buffer.from(`${JSON.stringify(input.head, null, 2)}\n`))
  if (input.secret !== undefined) await writer.file(SECRET, Buffer.from(`${input.secret}\n`))
  for (const table of input.snapshot.tables) await writeTable(writer, input, table, keys)
  // What follows takes long, and a view that is held keeps the database from tidying up.
  await input.snapshot[Symbol.asyncDispose]()
  if (input.blobs) await writeBlobs(writer, input, input.blobs, keys)
  return writer.end()
}

class BackupWriter {
  readonly manifest: Manifest = { files: {}, rows: {}, blobs: { count: 0, bytes: 0 }, missing: { count: 0, keys: [] } }
  readonly #write: (buffers: Buffer[]) => Promise<void>
  readonly #at: number

  constructor({ write, head }: BackupInput) {
    this.#write = write
    this.#at = Date.parse(head.madeAt)
  }

  async file(name: string, bytes: Buffer): Promise<void> {
    this.manifest.files[name] = createHash('sha256').update(bytes).digest('hex')
    await this.#write(tarEntry({ name, bytes }, this.#at))
  }

  async blob(key: string, bytes: Buffer): Promise<void> {
    this.manifest.blobs.count++
    this.manifest.blobs.bytes += bytes.length
    await this.#write(tarEntry({ name: `blobs/${key}`, bytes }, this.#at))
  }

  lacks(key: string): void {
    const { missing } = this.manifest
    if (++missing.count <= MISSING_NAMED) missing.keys.push(key)
  }

  async end(): Promise<Manifest> {
    const bytes = Buffer.from(`${JSON.stringify(this.manifest)}\n`)
    await this.#write([...tarEntry({ name: MANIFEST, bytes }, this.#at), tarEnd()])
    return this.manifest
  }
}

async function writeTable(writer: BackupWriter, input: BackupInput, table: string, keys: KeySet): Promise<void> {
  let count = 0
  let number = 0
  for await (const rows of input.snapshot.rows(table)) {
    keys.add(rows.flatMap(blobKeyOf))
    const name = `rows/${table}/${String(++number).padStart(6, '0')}.ndjson`
    await writer.file(name, Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join('')))
    count += rows.length
    input.onProgress?.('rows', rows.length, undefined)
  }
  writer.manifest.rows[table] = count
}

function blobKeyOf(row: Row): string[] {
  return typeof row.blob_key === 'string' ? [row.blob_key] : []
}

async function writeBlobs(writer: BackupWriter, input: BackupInput, blobs: BlobStore, keys: KeySet): Promise<void> {
  const total = keys.size
  for await (const { key, bytes } of ahead(keys.values(), BLOBS_AHEAD, (name) => readBlob(blobs, name))) {
    if (bytes) await writer.blob(key, bytes)
    else writer.lacks(key)
    input.onProgress?.('blobs', 1, total)
  }
}

/** Without bytes when they are not there, or not those that were put there: a backup is most needed when something is lost already. */
async function readBlob(blobs: BlobStore, key: string): Promise<{ key: string; bytes: Buffer | undefined }> {
  const bytes = await blobs.get(key).catch(async () => {
    // A store that is away is another matter: this throws, and ends the backup.
    await blobs.ping()
    return undefined
  })
  const right = bytes && createHash('sha256').update(bytes).digest('hex') === sha256OfKey(key)
  return { key, bytes: right ? bytes : undefined }
}
