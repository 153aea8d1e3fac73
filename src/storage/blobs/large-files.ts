import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

// Nobody takes that long to write one file: it is what a crash left.
const ABANDONED_MS = 24 * 3_600_000

/** Blobs as files of their own, in two levels of folders. */
export class LargeFiles {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  async prepare(): Promise<void> {
    await mkdir(this.#temporary(), { recursive: true })
    for (const name of await readdir(this.#temporary())) {
      const path = join(this.#temporary(), name)
      const found = await stat(path).catch(() => undefined)
      if (found && Date.now() - found.mtimeMs > ABANDONED_MS) await rm(path, { force: true })
    }
  }

  /** Durable when it resolves: the bytes first, then the name. */
  async write(key: string, bytes: Uint8Array): Promise<void> {
    const temporary = join(this.#temporary(), randomUUID())
    const path = this.#pathOf(key)
    try {
      await writeSynced(temporary, bytes)
      await this.#makeFolders(key)
      await rename(temporary, path)
      await syncFolder(dirname(path))
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
  }

  async read(key: string): Promise<Buffer | undefined> {
    try {
      return await readFile(this.#pathOf(key))
    } catch (error) {
      if (isAbsent(error)) return undefined
      throw error
    }
  }

  async delete(keys: string[]): Promise<void> {
    for (const key of keys) await rm(this.#pathOf(key), { force: true })
  }

  #temporary(): string {
    return join(this.#folder, 'incoming')
  }

  #pathOf(key: string): string {
    return join(this.#folder, key.slice(0, 2), key.slice(2, 4), key)
  }

  // A new folder is only there after a crash when its parent was synced too.
  async #makeFolders(key: string): Promise<void> {
    const first = join(this.#folder, key.slice(0, 2))
    if (await mkdir(first, { recursive: true })) await syncFolder(this.#folder)
    if (await mkdir(join(first, key.slice(2, 4)), { recursive: true })) await syncFolder(first)
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, 'wx')
  await file.writeFile(bytes)
  await file.sync()
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r')
  await folder.sync()
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
