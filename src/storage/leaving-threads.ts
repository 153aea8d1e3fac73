import type { Worker } from 'node:worker_threads'

/** Threads that were told to close and are on their way out. */
export class LeavingThreads {
  readonly #exits = new Set<Promise<void>>()

  /** Tells a thread to close; resolves when it is gone. */
  async close(worker: Worker): Promise<void> {
    const exit = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
    this.#exits.add(exit)
    worker.postMessage('close')
    await exit
    this.#exits.delete(exit)
  }

  /** Resolves when all of them are gone. */
  async gone(): Promise<void> {
    await Promise.all(this.#exits)
  }
}
