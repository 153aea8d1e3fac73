import { followLog } from '../../core/messages/search-follower.ts'
import type { SearchIndex } from '../../core/messages/search-store.ts'
import type { Reader } from '../../core/store.ts'

/** Commits of one moment share a step; the promise of a second leaves room. */
const GATHER_MS = 100
/** What wakes us can be lost, and another process may have written. */
const LOOK_MS = 500

/** Keeps an index going along the event log, step by step, until it is closed. */
export class LogFollower implements AsyncDisposable {
  readonly #read: Pick<Reader, 'events' | 'messages'>
  readonly #index: SearchIndex
  readonly #timer: NodeJS.Timeout
  #wake: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #closed = false

  constructor(read: Pick<Reader, 'events' | 'messages'>, index: SearchIndex) {
    this.#read = read
    this.#index = index
    this.#timer = setInterval(() => this.poke(), LOOK_MS).unref()
    this.poke()
  }

  /** There may be something new. */
  poke(): void {
    if (this.#closed) return
    this.#wake ??= setTimeout(() => {
      this.#wake = undefined
      void this.catchUp().catch(() => {
        // The store or the disk is away: the next look tries again.
      })
    }, GATHER_MS).unref()
  }

  /** Goes to the end of the log now. */
  async catchUp(): Promise<void> {
    // What runs may have passed the place that is asked about before it was written.
    await this.#running?.catch(() => {})
    this.#running ??= this.#follow().finally(() => {
      this.#running = undefined
    })
    await this.#running
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    clearInterval(this.#timer)
    clearTimeout(this.#wake)
    await this.#running?.catch(() => {})
  }

  async #follow(): Promise<void> {
    while (!this.#closed && (await followLog(this.#read, this.#index))) await new Promise(setImmediate)
  }
}
