import { Writable } from 'node:stream'
import type { ImapFlow, Logger } from 'imapflow'

/** Answers of a server in one session, over all: what a full fetch takes is a tenth of this. */
const MAX_ANSWERS = 5_000

/** One answer without its literal, and what a session may say before somebody asks for more. */
export const MAX_LINE_BYTES = 64 * 1024
const ANSWER_BYTES = 256 * 1024

/** What imapflow's own bounds are called. */
const BOUNDS = new Set(['LineTooLarge', 'LiteralTooLarge', 'ResponseTooLarge'])

/** The ones that a message can meet which is larger than it was said to be. */
const LARGE = new Set(['too many bytes', 'LiteralTooLarge', 'ResponseTooLarge'])

/**
 * Bounds what a server may make us read: so many bytes for each thing that it is asked, and so many answers in all. imapflow bounds
 * lines and literals by itself, but not how many of them come. A server that says more is cut off.
 */
export class SessionGuard {
  /** Why the session was cut. */
  tripped: string | undefined
  /** Given to imapflow, which tells its logger of every answer. */
  readonly logger: Logger
  #client: Pick<ImapFlow, 'close'> | undefined
  #bytesLeft = ANSWER_BYTES
  #answersLeft = MAX_ANSWERS

  constructor() {
    const log = (entry: { src?: unknown }) => this.#hear(entry)
    this.logger = { trace: log, debug: log, info: log, warn: log, error: log }
  }

  /** Must be called before the client connects. */
  watch(client: ImapFlow): void {
    this.#client = client
    // Must be there before anything can go wrong: an error that nobody listens to ends the process.
    client.on('error', ({ code }: { code?: string }) => {
      if (code && BOUNDS.has(code)) this.tripped ??= code
    })
    // Not in the types, and the one place that all bytes come through, before and after STARTTLS. Without it there is no bound.
    const parser: unknown = Reflect.get(client, 'streamer')
    if (!(parser instanceof Writable)) throw new Error('imapflow has no stream to watch')
    parser.on('pipe', (source) => source.on('data', (chunk: Buffer) => this.#read(chunk.length)))
  }

  /** Whatever is asked next may be answered with so many bytes more. */
  allow(bytes = 0): void {
    this.#bytesLeft = ANSWER_BYTES + bytes
  }

  /** The session was cut because of too much of what was asked for, not of something else. */
  get tooLarge(): boolean {
    return this.tripped !== undefined && LARGE.has(this.tripped)
  }

  #cut(why: string): void {
    this.tripped ??= why
    this.#client?.close()
  }

  #read(bytes: number): void {
    this.#bytesLeft -= bytes
    if (this.#bytesLeft < 0) this.#cut('too many bytes')
  }

  #hear({ src }: { src?: unknown }): void {
    if (src === 's' && --this.#answersLeft < 0) this.#cut('too many answers')
  }
}
