import { type Transferable, Worker } from 'node:worker_threads'
import { THREAD_REST_MS } from '../../core/at-rest.ts'
import { trimHeap } from '../../core/trim-heap.ts'

/** What a lane has done, and what it takes to do it. */
export interface Trade<Task, Result> {
  /** The thread's program: it answers `{ id, … }` to each `{ id, … }` that it is sent, in their order. */
  program: URL
  threads: number
  /** How long one task may take, in milliseconds. */
  deadlineMs: number
  /** How long a thread stays without a task, in milliseconds. */
  restMs?: number | undefined
  /** What the thread is sent for a task, and what of it is moved there. */
  pack(task: Task): { message: object; moved?: Transferable[] }
  unpack(answer: unknown): Result
  /** The result of a task that took too long, or that its thread died of. */
  fail(task: Task, why: 'timeout' | 'crash', cause: Error): Result
}

interface Waiting<Task, Result> {
  id: number
  task: Task
  resolve(result: Result): void
}

/** A few tasks are on their way to a thread while it works on one, so that it never waits for us. */
const AHEAD = 4
const MEMORY_MB = 512

/**
 * Has tasks done in threads of its own, which start when there is something to do and end at rest. A thread that takes too long, dies or runs out of
 * memory is replaced: what it was working on fails, the others go to the next thread.
 */
export class Lane<Task, Result> implements AsyncDisposable {
  readonly #queue: Waiting<Task, Result>[] = []
  readonly #threads: Thread<Task, Result>[]
  #nextId = 1

  constructor(trade: Trade<Task, Result>) {
    this.#threads = Array.from({ length: trade.threads }, () => new Thread(trade, this.#queue))
  }

  run(task: Task): Promise<Result> {
    return new Promise((resolve) => {
      this.#queue.push({ id: this.#nextId++, task, resolve })
      const [idlest] = this.#threads.toSorted((a, b) => a.load - b.load)
      idlest?.fill()
    })
  }

  /** Has a thread there when the first task comes. */
  warm(): void {
    this.#threads[0]?.warm()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread[Symbol.asyncDispose]()))
  }
}

class Thread<Task, Result> implements AsyncDisposable {
  readonly #trade: Trade<Task, Result>
  readonly #queue: Waiting<Task, Result>[]
  #worker: Worker | undefined
  /** In the order they were handed over: the first is the one being worked on. */
  #handed: Waiting<Task, Result>[] = []
  #deadline: NodeJS.Timeout | undefined
  readonly #rest: NodeJS.Timeout
  #closed = false

  constructor(trade: Trade<Task, Result>, queue: Waiting<Task, Result>[]) {
    this.#trade = trade
    this.#queue = queue
    this.#rest = setTimeout(() => void this.#retire(), trade.restMs ?? THREAD_REST_MS).unref()
  }

  get load(): number {
    return this.#handed.length
  }

  warm(): void {
    if (this.#closed) return
    this.#worker ??= this.#start()
    this.#rest.refresh()
  }

  fill(): void {
    while (!this.#closed && this.#handed.length < AHEAD) {
      const next = this.#queue.shift()
      if (!next) return
      this.#worker ??= this.#start()
      this.#handed.push(next)
      const { message, moved = [] } = this.#trade.pack(next.task)
      this.#worker.postMessage({ ...message, id: next.id }, moved)
      if (this.#handed.length === 1) this.#watch()
    }
  }

  #start(): Worker {
    const worker = new Worker(this.#trade.program, {
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB, maxYoungGenerationSizeMb: 64 },
    })
    worker.on('message', (answer: { id: number }) => this.#answered(answer))
    worker.on('error', (error: Error) => this.#failed(worker, 'crash', error))
    worker.on('exit', () => this.#failed(worker, 'crash', new Error('the thread ended')))
    worker.unref()
    return worker
  }

  #answered(answer: { id: number }): void {
    const [current] = this.#handed
    if (current?.id !== answer.id) return
    this.#handed.shift()
    current.resolve(this.#trade.unpack(answer))
    this.#watch()
    this.fill()
  }

  #watch(): void {
    clearTimeout(this.#deadline)
    this.#rest.refresh()
    const worker = this.#worker
    if (this.#handed.length === 0 || !worker) return
    this.#deadline = setTimeout(() => {
      this.#failed(worker, 'timeout', new Error('it took too long'))
    }, this.#trade.deadlineMs)
  }

  #failed(worker: Worker, why: 'timeout' | 'crash', cause: Error): void {
    if (worker !== this.#worker) return
    this.#worker = undefined
    clearTimeout(this.#deadline)
    void worker.terminate()
    const [culprit, ...others] = this.#handed
    this.#handed = []
    this.#queue.unshift(...others)
    culprit?.resolve(this.#trade.fail(culprit.task, why, cause))
    this.fill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    clearTimeout(this.#deadline)
    clearTimeout(this.#rest)
    await this.#end()
  }

  async #retire(): Promise<void> {
    if (!this.#worker || this.#handed.length > 0) return
    await this.#end()
    trimHeap()
  }

  async #end(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }
}
