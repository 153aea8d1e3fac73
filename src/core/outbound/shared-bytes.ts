import type { BlobStore } from '../store.ts'

interface Held {
  bytes: Promise<Buffer | undefined>
  users: number
}

/** Blobs while somebody uses them: a message that goes to a hundred domains at once is held in memory once. */
export class SharedBytes {
  readonly #blobs: Pick<BlobStore, 'get'>
  readonly #held = new Map<string, Held>()

  constructor(blobs: Pick<BlobStore, 'get'>) {
    this.#blobs = blobs
  }

  async use<T>(key: string, task: (bytes: Buffer | undefined) => Promise<T>): Promise<T> {
    const held = this.#held.get(key) ?? { bytes: this.#blobs.get(key), users: 0 }
    this.#held.set(key, held)
    held.users++
    try {
      return await task(await held.bytes)
    } finally {
      held.users--
      if (held.users === 0) this.#held.delete(key)
    }
  }
}
