import type { DatabaseSync } from 'node:sqlite'
import { zstdCompressSync } from 'node:zlib'
import { serveWrites } from '../writer-loop.ts'

// Not worth a frame of its own below this.
const MIN_PACKED_BYTES = 256

// The thread that writes small blobs.
serveWrites((connection) => {
  const put = putInto(connection)
  const remove = removeFrom(connection)
  return async ({ name, input, now }) => (name === 'put' ? put(input as PutInput, now) : remove(input as string[]))
})

export interface PutInput {
  key: string
  bytes: Uint8Array
}

function putInto(connection: DatabaseSync) {
  const insert = connection.prepare('insert into blobs (key, packed, created_at, bytes) values (?, ?, ?, ?)')
  return ({ key, bytes }: PutInput, now: number): void => {
    const packed = bytes.length >= MIN_PACKED_BYTES ? zstdCompressSync(bytes) : bytes
    if (packed.length < bytes.length) insert.run(key, 1, now, packed)
    else insert.run(key, 0, now, bytes)
  }
}

/** Answers the keys that were here. */
function removeFrom(connection: DatabaseSync) {
  const remove = connection.prepare('delete from blobs where key in (select value from json_each(?)) returning key')
  return (keys: string[]): string[] => remove.all(JSON.stringify(keys)).map((row) => String(row.key))
}
