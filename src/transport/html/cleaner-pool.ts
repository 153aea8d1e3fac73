import type { Log } from '../../core/log.ts'
import type { CleaningOptions, HtmlCleaner } from '../../core/messages/html-cleaner.ts'
import { Lane, type Trade } from '../threads/lane.ts'

interface Task {
  html: string
  remoteImages: boolean
  wordsOnly: boolean
}

export interface Question extends Task {
  id: number
}

export interface Answer {
  id: number
  clean: string
}

export interface CleanerPoolOptions {
  log: Log
  /** How long the HTML of one mail may take, in milliseconds. */
  deadlineMs?: number
  /** The thread's program; tests bring one that misbehaves. */
  program?: URL
}

/** From here on it may take a good part of a second, and what is small does not wait behind it. */
const LARGE_CHARS = 128 * 1024

/** Cleans HTML in threads of its own, which start with the first mail that is shown. */
export class CleanerPool implements HtmlCleaner, AsyncDisposable {
  readonly #small: Lane<Task, string | null>
  readonly #large: Lane<Task, string | null>

  constructor(options: CleanerPoolOptions) {
    const trade = toTrade(options)
    this.#small = new Lane(trade)
    this.#large = new Lane(trade)
  }

  async clean(html: string, { remoteImages = false }: CleaningOptions = {}): Promise<string> {
    const lane = html.length < LARGE_CHARS ? this.#small : this.#large
    const clean = await lane.run({ html, remoteImages, wordsOnly: false })
    return clean ?? (await lane.run({ html, remoteImages, wordsOnly: true })) ?? ''
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#small[Symbol.asyncDispose](), this.#large[Symbol.asyncDispose]()])
  }
}

function toTrade({ log, deadlineMs = 5_000, program }: CleanerPoolOptions): Trade<Task, string | null> {
  return {
    ...{ threads: 1, deadlineMs, program: program ?? new URL('./cleaner-thread.ts', import.meta.url) },
    pack: (task) => ({ message: task }),
    unpack: (answer) => (answer as Answer).clean,
    fail({ html, wordsOnly }, why, err) {
      log.warn({ err, why, wordsOnly, length: html.length }, 'the HTML of a mail could not be cleaned')
      return null
    },
  }
}
