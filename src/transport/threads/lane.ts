import { type Transferable, Worker } from 'node:worker_threads'
import { THREAD_REST_MS } from '../../core/at-rest.ts'
import { trimHeap } from '../../core/trim-heap.ts'
import type { ready } from './ready.ts'

/** What a lane has done, and what it takes to do it. */
export interface Trade<Task, Result> {
  /** The thread's program: it says `ready` once it has loaded, and answers `{ id, … }` to each `{ id, … }` that it is sent, in their order. */
  program: URL
  threads: number
  /** How long one task may take, in milliseconds, in a thread that is ready. */
  deadlineMs: number
  /** How long a thread may take to become ready, in milliseconds. */
  startMs?: number | undefined
  /** How long a thread stays without a task, in milliseconds. */
  restMs?: number | undefined
  /** What the thread is sent for a task, and what of it is moved there. */
  pack(task: Task): { message: object; moved?: Transferable[] }
  unpack(answer: unknown): Result
  /** The result of a task that took too long, or that its thread died of. */
  fail(task: Task, why: 'timeout' | 'crash', cause: Error): Result
}

type Message = typeof ready | { id: number }

interface Waiting<Task, Result> {
  id: number
  task: Task
  resolve(result: Result): void
}

/** A few tasks are on their way to a thread while it works on one, so that it never waits for us. */
const AHEAD = 4
const MEMORY_MB = 512
/** A tenth of a second is enough, unless the machine swaps or its disk is slow. */
const START_MS = 60_000
/** Starts in a row that fail before a task does. */
const MAX_STARTS = 2

/**
 * Has tasks done in threads of its own, which start when there is something to do and end at rest. A thread that takes too long, dies or runs out of
 * memory is replaced: what it was working on fails, the others go to the next thread. One that does not start is replaced too, and nothing
 * fails for it until the next has not started either.
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
  #ready = false
  #failedStarts = 0
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
      const { message, moved = [] } = this.#trade.pack(next.task)
      this.#worker ??= this.#start()
      this.#worker.postMessage({ ...message, id: next.id }, moved)
      this.#handed.push(next)
      if (this.#handed.length === 1) this.#watch()
    }
  }

  #start(): Worker {
    const worker = new Worker(this.#trade.program, {
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB, maxYoungGenerationSizeMb: 64 },
    })
    this.#ready = false
    worker.on('message', (message: Message) => {
      if ('id' in message) this.#answered(message)
      else this.#started(worker)
    })
    worker.on('error', (error: Error) => this.#failed(worker, 'crash', error))
    worker.on('exit', () => this.#failed(worker, 'crash', new Error('the thread ended')))
    worker.unref()
    return worker
  }

  #started(worker: Worker): void {
    if (worker !== this.#worker) return
    this.#ready = true
    this.#failedStarts = 0
    this.#watch()
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
    this.#deadline = undefined
    this.#rest.refresh()
    const worker = this.#worker
    if (this.#handed.length === 0 || !worker) return
    const { deadlineMs, startMs = START_MS } = this.#trade
    const deadline = setTimeout(
      () => {
        // An answer that came while this thread was busy is heard first.
        setImmediate(() => {
          if (deadline === this.#deadline) this.#failed(worker, 'timeout', new Error('it took too long'))
        })
      },
      this.#ready ? deadlineMs : startMs,
    )
    this.#deadline = deadline
  }

  #failed(worker: Worker, why: 'timeout' | 'crash', cause: Error): void {
    if (worker !== this.#worker) return
    this.#worker = undefined
    clearTimeout(this.#deadline)
    void worker.terminate()
    const culprit = this.#isToBlame() ? this.#handed.shift() : undefined
    this.#queue.unshift(...this.#handed)
    this.#handed = []
    culprit?.resolve(this.#trade.fail(culprit.task, why, cause))
    this.fill()
  }

  /** Whether the task at the head fails with its thread. */
  #isToBlame(): boolean {
    if (this.#ready) return true
    this.#failedStarts++
    return this.#failedStarts >= MAX_STARTS
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
