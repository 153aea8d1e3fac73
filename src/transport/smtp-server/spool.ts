import { createHash } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

const MEMORY_PER_MAIL = 128 * 1024
const MEMORY_IN_ALL = 64 * 1024 * 1024

/** Where mails wait until their last byte is there: small ones in memory, others in files of this folder. */
export class SpoolFolder {
  readonly #path: string
  #serial = 0
  /** What all mails hold in memory. */
  memory = 0

  constructor(path: string) {
    this.#path = path
  }

  /** Makes the folder, and clears it of what a crash left: nothing in it was ever acknowledged. */
  async prepare(): Promise<void> {
    await mkdir(this.#path, { recursive: true, mode: 0o700 })
    for (const name of await readdir(this.#path)) {
      if (name.endsWith('.part')) await rm(join(this.#path, name), { force: true })
    }
  }

  spool(): Spool {
    return new Spool(this, join(this.#path, `${process.pid}-${++this.#serial}.part`))
  }
}

/** The bytes of one mail while it comes in, counted and hashed along. Disposing removes them. */
export class Spool implements AsyncDisposable {
  sizeBytes = 0
  readonly #folder: SpoolFolder
  readonly #path: string
  readonly #hash = createHash('sha256')
  #memory: Buffer[] = []
  #inMemory = 0
  #file: FileHandle | undefined

  constructor(folder: SpoolFolder, path: string) {
    this.#folder = folder
    this.#path = path
  }

  async write(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return
    this.sizeBytes += bytes.length
    this.#hash.update(bytes)
    this.#hold(bytes)
    if (this.#file || this.#inMemory > MEMORY_PER_MAIL || this.#folder.memory > MEMORY_IN_ALL) await this.#spill()
  }

  /** All bytes and their SHA-256 in hex; nothing may be written after it. */
  async read(): Promise<{ raw: Buffer; sha256: string }> {
    const sha256 = this.#hash.digest('hex')
    if (!this.#file) return { raw: Buffer.concat(this.#memory, this.sizeBytes), sha256 }
    const raw = Buffer.allocUnsafeSlow(this.sizeBytes)
    for (let at = 0; at < raw.length; ) {
      const { bytesRead } = await this.#file.read(raw, at, raw.length - at, at)
      if (bytesRead === 0) throw new Error('The spool file is shorter than what was written to it')
      at += bytesRead
    }
    return { raw, sha256 }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#release()
    if (!this.#file) return
    await this.#file.close()
    await rm(this.#path, { force: true })
  }

  #hold(bytes: Buffer): void {
    this.#memory.push(bytes)
    this.#inMemory += bytes.length
    this.#folder.memory += bytes.length
  }

  async #spill(): Promise<void> {
    this.#file ??= await open(this.#path, 'wx+', 0o600)
    // FileHandle.writev may write less than it was given; appendFile does not.
    const bytes = Buffer.concat(this.#memory, this.#inMemory)
    this.#release()
    await this.#file.appendFile(bytes)
  }

  #release(): void {
    this.#folder.memory -= this.#inMemory
    this.#inMemory = 0
    this.#memory = []
  }
}
