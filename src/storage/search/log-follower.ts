import { followLog, STEP } from '../../core/messages/search-follower.ts'
import type { SearchIndex } from '../../core/messages/search-store.ts'
import type { Reader } from '../../core/store.ts'

/** Commits of one moment share a step; the promise of a second leaves room. */
const GATHER_MS = 100
/** What wakes us can be lost, and another process may have written. */
const LOOK_MS = 500

/** Takes a step unless another process is at it; answers over how many entries of the log. */
type Guard = (step: () => Promise<number>) => Promise<number>

/** Keeps an index going along the event log, step by step, until it is closed. */
export class LogFollower implements AsyncDisposable {
  readonly #read: Pick<Reader, 'events' | 'messages'>
  readonly #index: SearchIndex
  readonly #unlessAnother: Guard
  readonly #timer: NodeJS.Timeout
  #wake: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #closed = false

  constructor(read: Pick<Reader, 'events' | 'messages'>, index: SearchIndex, unlessAnother: Guard = (step) => step()) {
    this.#read = read
    this.#index = index
    this.#unlessAnother = unlessAnother
    this.#timer = setInterval(() => this.poke(), LOOK_MS).unref()
    this.poke()
  }

  /** There may be something new. */
  poke(): void {
    if (this.#closed) return
    this.#wake ??= setTimeout(() => {
      this.#wake = undefined
      void this.#run(() => this.#gathered()).catch(() => {
        // The store or the disk is away: the next look tries again.
      })
    }, GATHER_MS).unref()
  }

  /** Goes to the end of the log now. */
  async catchUp(): Promise<void> {
    // What runs may have passed the place that is asked about before it was written.
    await this.#running?.catch(() => {})
    await this.#run(async () => (await this.#step()) > 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    clearInterval(this.#timer)
    clearTimeout(this.#wake)
    await this.#running?.catch(() => {})
  }

  async #run(step: () => Promise<boolean>): Promise<void> {
    this.#running ??= this.#follow(step).finally(() => {
      this.#running = undefined
    })
    await this.#running
  }

  async #follow(step: () => Promise<boolean>): Promise<void> {
    while (!this.#closed && (await step())) await new Promise(setImmediate)
  }

  /** What comes while mail keeps coming gathers for the next step; answers whether there is enough for one already. */
  async #gathered(): Promise<boolean> {
    const taken = await this.#unlessAnother(() => this.#step())
    if (taken > 0) this.poke()
    return taken === STEP
  }

  #step(): Promise<number> {
    return followLog(this.#read, this.#index)
  }
}
