import type { Worker } from 'node:worker_threads'

/** Counts the threads that this process starts from now on, and tells when the next one of them has ended. */
export function watchThreads(): Disposable & { started: () => number; nextEnd: () => Promise<void> } {
  let started = 0
  const ends: (() => void)[] = []
  const look = (worker: Worker) => {
    started++
    worker.once('exit', () => {
      for (const tell of ends.splice(0)) tell()
    })
  }
  process.on('worker', look)
  return {
    started: () => started,
    nextEnd: () => new Promise((resolve) => ends.push(resolve)),
    [Symbol.dispose]: () => void process.off('worker', look),
  }
}
