import { existsSync } from 'node:fs'
import { link, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Failure } from '../core/errors.ts'

/** Mails are small, and each write is a trip to another thread. */
const WRITE_BYTES = 1024 * 1024

/** Where an archive is written to. Without `finish` there is none. */
export interface Archive extends AsyncDisposable {
  write(buffers: Buffer[]): Promise<void>
  finish(): Promise<void>
}

/** A file for its owner's eyes only: it holds secrets. It has another name until it is whole and on disk. */
export async function openArchiveFile(path: string): Promise<Archive> {
  const partial = `${path}.partial`
  await rm(partial, { force: true })
  const file = await open(partial, 'wx', 0o600)
  let waiting: Buffer[] = []
  let waitingBytes = 0
  const flush = async () => {
    const bytes = Buffer.concat(waiting)
    waiting = []
    waitingBytes = 0
    // A disk that fills up may take a part.
    for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten
  }
  return {
    async write(buffers) {
      waiting.push(...buffers)
      for (const { length } of buffers) waitingBytes += length
      if (waitingBytes >= WRITE_BYTES) await flush()
    },
    async finish() {
      await flush()
      await file.sync()
      await file.close()
      await intoPlace(partial, path)
      await using folder = await open(dirname(path), 'r')
      await folder.sync()
    },
    async [Symbol.asyncDispose]() {
      await file.close().catch(() => {})
      await rm(partial, { force: true })
    },
  }
}

// A link never replaces what came there meanwhile; not every kind of disk has links.
async function intoPlace(partial: string, path: string): Promise<void> {
  try {
    await link(partial, path)
  } catch (error) {
    if (existsSync(path)) throw new Failure('conflict', `${path} is there already, and nothing is overwritten`)
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    await rename(partial, path)
  }
}

export function stdoutArchive(): Archive {
  if (process.stdout.isTTY) throw new Failure('invalid', 'A backup is no text: send it into a file or a pipe')
  return {
    write: (buffers) =>
      new Promise((resolve, reject) => {
        process.stdout.write(Buffer.concat(buffers), (error) => (error ? reject(error) : resolve()))
      }),
    finish: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }
}
