import { Worker } from 'node:worker_threads'
import { THREAD_REST_MS } from '../core/at-rest.ts'
import { Failure } from '../core/errors.ts'
import { trimHeap } from '../core/trim-heap.ts'
import { type CommandReply, type CommandRequest, fromErrorData } from './command-messages.ts'
import { LeavingThreads } from './leaving-threads.ts'

/** How many commands cross at once, and so how many may share a commit. */
const BATCH = 64

interface Waiting {
  request: CommandRequest
  /** Memory in the input that moves to the thread instead of being copied. */
  moved: ArrayBuffer[]
  resolve(value: never): void
  reject(error: unknown): void
}

interface CommandThreadOptions {
  /** Called after commits that added to the event log. */
  onAppend?: () => void
  /** How long the thread stays without a command, in milliseconds. */
  restMs?: number
}

/**
 * The main thread's end of a thread that has one SQLite file open: queues commands, sends them in batches, starts it for the first one,
 * lets it end at rest, and starts another when it dies.
 */
export class CommandThread implements AsyncDisposable {
  readonly #script: URL
  readonly #path: string
  readonly #onAppend: () => void
  readonly #rest: NodeJS.Timeout
  readonly #queue: Waiting[] = []
  readonly #sent = new Map<number, Waiting>()
  #worker: Worker | undefined
  #lastId = 0
  readonly #leaving = new LeavingThreads()
  #closed = false
  #flushing = false
  #idle: (() => void) | undefined

  /** `script` is what the thread runs: a file that calls `serveWrites` or `serveReads`. */
  constructor(script: URL, path: string, { onAppend = () => {}, restMs = THREAD_REST_MS }: CommandThreadOptions = {}) {
    this.#script = script
    this.#path = path
    this.#onAppend = onAppend
    this.#rest = setTimeout(() => void this.#retire(), restMs).unref()
  }

  run<T>(name: string, input: unknown, now = 0, moved: ArrayBuffer[] = []): Promise<T> {
    if (this.#closed) return Promise.reject(new Failure('unavailable', 'The store is closed'))
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({
        request: { id: ++this.#lastId, name, input, now },
        moved,
        resolve: resolve as Waiting['resolve'],
        reject,
      })
      if (this.#flushing) return
      this.#flushing = true
      // After the current turn of the loop, so that everything that came in with it crosses together.
      setImmediate(() => {
        this.#flushing = false
        this.#send()
      })
    })
  }

  /** Starts the thread, so that a command that is about to come does not wait for that. */
  warm(): void {
    if (this.#closed) return
    this.#start()
    this.#rest.refresh()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    if (this.#queue.length + this.#sent.size > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
    clearTimeout(this.#rest)
    void this.#close()
    await this.#leaving.gone()
  }

  async #retire(): Promise<void> {
    if (!this.#worker || this.#queue.length + this.#sent.size > 0) return
    await this.#close()
    trimHeap()
  }

  async #close(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    if (worker) await this.#leaving.close(worker)
  }

  // While one batch is being committed the next one gathers; a second is sent ahead only when it is full.
  #send(): void {
    const mayGo = () => this.#sent.size === 0 || (this.#queue.length >= BATCH && this.#sent.size <= BATCH)
    while (this.#queue.length > 0 && mayGo()) this.#sendBatch(this.#queue.splice(0, BATCH))
    if (this.#sent.size === 0) this.#idle?.()
  }

  #sendBatch(batch: Waiting[]): void {
    try {
      this.#start().postMessage(
        batch.map((w) => w.request),
        batch.flatMap((w) => w.moved),
      )
      for (const waiting of batch) this.#sent.set(waiting.request.id, waiting)
    } catch (error) {
      // One input that cannot be cloned must not take its neighbours with it.
      const [only] = batch
      if (batch.length === 1) only?.reject(error)
      else for (const waiting of batch) this.#sendBatch([waiting])
    }
  }

  #start(): Worker {
    if (this.#worker) return this.#worker
    const worker = new Worker(this.#script, { workerData: { path: this.#path } })
    this.#worker = worker
    worker.on('message', (reply: CommandReply) => this.#receive(reply))
    worker.on('error', (error) => this.#lost(worker, error))
    worker.on('exit', () => this.#lost(worker, undefined))
    return worker
  }

  #receive(reply: CommandReply): void {
    this.#rest.refresh()
    for (const result of reply.results) {
      const waiting = this.#sent.get(result.id)
      this.#sent.delete(result.id)
      if (!waiting) continue
      if ('error' in result) waiting.reject(fromErrorData(result.error))
      else waiting.resolve(result.value as never)
    }
    if (reply.appended) this.#onAppend()
    this.#send()
  }

  /** Whether its last batch was committed nobody knows: `unavailable` makes the peer ask again. */
  #lost(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    for (const waiting of this.#sent.values()) {
      waiting.reject(new Failure('unavailable', 'The store does not answer now', { cause }))
    }
    this.#sent.clear()
    this.#send()
  }
}
