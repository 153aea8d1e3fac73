import type { Log } from '../../core/log.ts'
import type { MailParser, ParsedMail } from '../../core/messages/parser.ts'
import { Lane, type Trade } from '../threads/lane.ts'
import { parseHeadOnly } from './parse-mail.ts'

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
  /** How long a thread stays without a mail, in milliseconds. */
  restMs?: number
  /** The thread's program; tests bring one that misbehaves. */
  program?: URL
}

/** From here on a mail may take seconds, and small ones do not wait behind it. */
const LARGE_BYTES = 256 * 1024

/** Reads mail in threads of its own. What cannot be read in time comes back with its head only. */
export class ParserPool implements MailParser, AsyncDisposable {
  readonly #small: Lane<Uint8Array, ParsedMail>
  /** Its thread starts with the first large mail. */
  readonly #large: Lane<Uint8Array, ParsedMail>

  constructor(options: ParserPoolOptions) {
    const trade = toTrade(options)
    this.#small = new Lane(trade)
    this.#large = new Lane({ ...trade, threads: 1 })
  }

  parse(bytes: Uint8Array): Promise<ParsedMail> {
    return (bytes.length < LARGE_BYTES ? this.#small : this.#large).run(bytes)
  }

  expect(): void {
    this.#small.warm()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#small[Symbol.asyncDispose](), this.#large[Symbol.asyncDispose]()])
  }
}

function toTrade({
  log,
  threads = 1,
  deadlineMs = 5_000,
  restMs,
  program,
}: ParserPoolOptions): Trade<Uint8Array, ParsedMail> {
  return {
    ...{ threads, deadlineMs, restMs, program: program ?? new URL('./parser-thread.ts', import.meta.url) },
    pack(mail) {
      // A copy of exactly these bytes, moved: a clone of a Buffer would carry the whole 64 kB that it is a window on.
      const bytes = new Uint8Array(mail)
      return { message: { bytes } satisfies Omit<Question, 'id'>, moved: [bytes.buffer] }
    },
    unpack: (answer) => (answer as Answer).mail,
    fail(mail, why, err) {
      const defect = `parse-${why}`
      log.warn({ err, defect, sizeBytes: mail.length }, 'a mail could not be read')
      return headOnly(mail, defect)
    },
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
  text: null,
  html: null,
  extractedText: null,
  extractedHtml: null,
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
