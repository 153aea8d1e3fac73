import { Worker } from 'node:worker_threads'
import type { Log } from '../../core/log.ts'
import type { MailParser, ParsedMail } from '../../core/messages/parser.ts'
import { NO_WORDS, parseHeadOnly } from './parse-mail.ts'

export interface Question {
  id: number
  bytes: Uint8Array
}

export interface Answer {
  id: number
  mail: ParsedMail
}

export interface ParserPoolOptions {
  log: Log
  /** How many threads read small mail; large mail has one of its own. */
  threads?: number
  /** How long one mail may take, in milliseconds. */
  deadlineMs?: number
  /** The thread's program; tests bring one that misbehaves. */
  program?: URL
}

interface Waiting extends Question {
  resolve(mail: ParsedMail): void
}

/** A few mails are on their way to a thread while it reads one, so that it never waits for us. */
const AHEAD = 4
const MEMORY_MB = 512
/** From here on a mail may take seconds, and small ones do not wait behind it. */
const LARGE_BYTES = 256 * 1024

/**
 * Reads mail in threads of its own. A thread that takes too long, dies or runs out of memory is replaced: the mail it was reading
 * comes back with its head only, the others go to the next thread.
 */
export class ParserPool implements MailParser, AsyncDisposable {
  readonly #options: Required<ParserPoolOptions>
  readonly #small: Lane
  /** Its thread starts with the first large mail. */
  readonly #large: Lane
  #nextId = 1

  constructor(options: ParserPoolOptions) {
    const program = new URL('./parser-thread.ts', import.meta.url)
    this.#options = { threads: 1, deadlineMs: 5_000, program, ...options }
    this.#small = openLane(this.#options, this.#options.threads)
    this.#large = openLane(this.#options, 1)
  }

  parse(bytes: Uint8Array): Promise<ParsedMail> {
    return new Promise((resolve) => {
      const lane = bytes.length < LARGE_BYTES ? this.#small : this.#large
      lane.queue.push({ id: this.#nextId++, bytes, resolve })
      const [idlest] = lane.threads.toSorted((a, b) => a.load - b.load)
      idlest?.fill()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const threads = [...this.#small.threads, ...this.#large.threads]
    await Promise.all(threads.map((thread) => thread[Symbol.asyncDispose]()))
  }
}

interface Lane {
  queue: Waiting[]
  threads: Thread[]
}

function openLane(options: Required<ParserPoolOptions>, threads: number): Lane {
  const queue: Waiting[] = []
  return { queue, threads: Array.from({ length: threads }, () => new Thread(options, queue)) }
}

class Thread implements AsyncDisposable {
  readonly #options: Required<ParserPoolOptions>
  readonly #queue: Waiting[]
  #worker: Worker | undefined
  /** In the order they were handed over: the first is the one being read. */
  #handed: Waiting[] = []
  #deadline: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: Required<ParserPoolOptions>, queue: Waiting[]) {
    this.#options = options
    this.#queue = queue
  }

  get load(): number {
    return this.#handed.length
  }

  fill(): void {
    while (!this.#closed && this.#handed.length < AHEAD) {
      const next = this.#queue.shift()
      if (!next) return
      this.#worker ??= this.#start()
      this.#handed.push(next)
      // A copy of exactly these bytes, moved: a clone of a Buffer would carry the whole 64 kB that it is a window on.
      const bytes = new Uint8Array(next.bytes)
      this.#worker.postMessage({ id: next.id, bytes } satisfies Question, [bytes.buffer])
      if (this.#handed.length === 1) this.#watch()
    }
  }

  #start(): Worker {
    const worker = new Worker(this.#options.program, {
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB, maxYoungGenerationSizeMb: 64 },
    })
    worker.on('message', (answer: Answer) => this.#answered(answer))
    worker.on('error', (error) => this.#failed(worker, 'parse-crash', error))
    worker.on('exit', () => this.#failed(worker, 'parse-crash', new Error('the parser thread ended')))
    worker.unref()
    return worker
  }

  #answered({ id, mail }: Answer): void {
    const [current] = this.#handed
    if (current?.id !== id) return
    this.#handed.shift()
    current.resolve(mail)
    this.#watch()
    this.fill()
  }

  #watch(): void {
    clearTimeout(this.#deadline)
    const worker = this.#worker
    if (this.#handed.length === 0 || !worker) return
    this.#deadline = setTimeout(() => {
      this.#failed(worker, 'parse-timeout', new Error('a mail took too long to read'))
    }, this.#options.deadlineMs)
  }

  #failed(worker: Worker, defect: string, cause: unknown): void {
    if (worker !== this.#worker) return
    this.#worker = undefined
    clearTimeout(this.#deadline)
    void worker.terminate()
    const [culprit, ...others] = this.#handed
    this.#handed = []
    this.#queue.unshift(...others)
    if (culprit) {
      this.#options.log.warn({ err: cause, defect, sizeBytes: culprit.bytes.length }, 'a mail could not be read')
      culprit.resolve(headOnly(culprit.bytes, defect))
    }
    this.fill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    clearTimeout(this.#deadline)
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }
}

const nothing: ParsedMail = {
  headers: [],
  messageId: null,
  inReplyTo: [],
  references: [],
  subject: null,
  sentAt: null,
  from: [],
  replyTo: [],
  to: [],
  cc: [],
  words: NO_WORDS,
  isTestSpam: false,
  preview: null,
  codes: [],
  links: [],
  risk: null,
  attachments: [],
  defects: [],
}

// Whatever a head can do to a parser, the mail is kept.
function headOnly(bytes: Uint8Array, defect: string): ParsedMail {
  try {
    return parseHeadOnly(bytes, defect)
  } catch {
    return { ...nothing, defects: [{ code: defect }] }
  }
}
