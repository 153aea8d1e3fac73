import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { sha256OfKey } from '../../core/blob-key.ts'

// Nobody takes that long to write one file: it is what a crash left.
const ABANDONED_MS = 24 * 3_600_000

/** Blobs as files of their own, in two levels of folders. */
export class LargeFiles {
  readonly #folder: string
  /** Folders whose names this process has synced, or is syncing: whoever finds one that is there knows nothing of that. */
  readonly #lasting = new Map<string, Promise<void>>()

  constructor(folder: string) {
    this.#folder = folder
  }

  async prepare(): Promise<void> {
    await mkdir(this.#temporary(), { recursive: true })
    await syncFolder(dirname(this.#folder))
    for (const name of await readdir(this.#temporary())) {
      const path = join(this.#temporary(), name)
      const found = await stat(path).catch(() => undefined)
      if (found && Date.now() - found.mtimeMs > ABANDONED_MS) await rm(path, { force: true })
    }
  }

  /** Durable when it resolves: the bytes first, then the name. `at` becomes the time of the file. */
  async write(key: string, bytes: Uint8Array, at: number): Promise<void> {
    const temporary = join(this.#temporary(), randomUUID())
    const path = this.#pathOf(key)
    try {
      await writeSynced(temporary, bytes, at)
      await this.#makeFolders(key)
      await rename(temporary, path)
      await syncFolder(dirname(path))
    } catch (error) {
      // Somebody may have taken the folder away.
      this.#lasting.clear()
      await rm(temporary, { force: true })
      throw error
    }
  }

  async read(key: string): Promise<Buffer | undefined> {
    return readFile(this.#pathOf(key)).catch(unlessAbsent)
  }

  async delete(keys: string[]): Promise<void> {
    for (const key of keys) await rm(this.#pathOf(key), { force: true })
  }

  /** The keys behind `after`, up to `limit` looked at; answers those written before `olderThan`. */
  async list(olderThan: number, after: string, limit: number): Promise<{ keys: string[]; next: string | null }> {
    const keys: string[] = []
    let seen = 0
    for await (const key of this.#keysAfter(after)) {
      const found = await stat(this.#pathOf(key)).catch(unlessAbsent)
      if (found && found.mtimeMs < olderThan) keys.push(key)
      if (++seen === limit) return { keys, next: key }
    }
    return { keys, next: null }
  }

  // Folder by folder, and by name within one.
  async *#keysAfter(after: string): AsyncGenerator<string> {
    const [outer, inner] = after === '' ? ['', ''] : foldersOf(after)
    for (const first of await namesIn(this.#folder, FOLDER, outer)) {
      for (const second of await namesIn(join(this.#folder, first), FOLDER, first === outer ? inner : '')) {
        const begun = first === outer && second === inner
        const names = await namesIn(join(this.#folder, first, second), /^./, begun ? after : '')
        yield* names.filter((name) => name !== after)
      }
    }
  }

  #temporary(): string {
    return join(this.#folder, 'incoming')
  }

  #pathOf(key: string): string {
    return join(this.#folder, ...foldersOf(key), key)
  }

  async #makeFolders(key: string): Promise<void> {
    const [outer, inner] = foldersOf(key)
    await this.#makeLasting(join(this.#folder, outer))
    await this.#makeLasting(join(this.#folder, outer, inner))
  }

  // A new folder is only there after a crash when its parent was synced too, and not by the one alone who happened to make it.
  async #makeLasting(folder: string): Promise<void> {
    const known = this.#lasting.get(folder)
    if (known) return known
    const making = mkdir(folder, { recursive: true }).then(() => syncFolder(dirname(folder)))
    this.#lasting.set(folder, making)
    try {
      await making
    } catch (error) {
      this.#lasting.delete(folder)
      throw error
    }
  }
}

// By the hash, since keys of one time begin alike.
function foldersOf(key: string): [string, string] {
  const spread = sha256OfKey(key) ?? key
  return [spread.slice(0, 2), spread.slice(2, 4)]
}

const FOLDER = /^[0-9a-z-]{2}$/

/** The names in a folder from `from` on, in their order. */
async function namesIn(folder: string, pattern: RegExp, from: string): Promise<string[]> {
  const names = (await readdir(folder).catch(unlessAbsent)) ?? []
  return names.filter((name) => pattern.test(name) && name >= from).sort()
}

function unlessAbsent(error: unknown): undefined {
  if (!isAbsent(error)) throw error
}

async function writeSynced(path: string, bytes: Uint8Array, at: number): Promise<void> {
  await using file = await open(path, 'wx')
  await file.writeFile(bytes)
  await file.utimes(at / 1000, at / 1000)
  await file.sync()
}

/** Makes the names in a folder outlive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r')
  await folder.sync()
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
