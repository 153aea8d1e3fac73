import type { App } from './app.ts'

/** A missed wake-up or a failed round costs at most this. */
const SAFETY_MS = 30_000
const AFTER_ERROR_MS = 1_000

export interface Rounds {
  name: string
  /** One round of work; true when there is more to do at once. */
  run(): Promise<boolean>
  /** When the next piece of work is due (epoch ms), if any. */
  nextDue(): Promise<number | undefined>
}

/** Runs rounds of work when woken and when something is due, one at a time. A failing round is logged and tried again. */
export class Wakeful implements AsyncDisposable {
  readonly #app: Pick<App, 'clock' | 'log'>
  readonly #rounds: Rounds
  #running: Promise<void> | undefined
  #again = false
  #closed = false
  #cancelTimer = () => {}

  constructor(app: Pick<App, 'clock' | 'log'>, rounds: Rounds) {
    this.#app = app
    this.#rounds = rounds
    this.wake()
  }

  /** There may be something to do. */
  wake(): void {
    if (this.#closed) return
    if (this.#running) {
      this.#again = true
      return
    }
    this.#cancelTimer()
    this.#running = this.#run().finally(() => {
      this.#running = undefined
      if (this.#again) {
        this.#again = false
        this.wake()
      }
    })
  }

  /** Resolves when nothing runs and nothing is asked for. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running
  }

  async #run(): Promise<void> {
    try {
      while (!this.#closed && (await this.#rounds.run())) this.#again = false
      const due = await this.#rounds.nextDue()
      this.#sleepUntil(due)
    } catch (error) {
      if (this.#closed) return
      this.#app.log.error({ err: error }, `${this.#rounds.name}: a round failed`)
      this.#sleepUntil(this.#app.clock.now() + AFTER_ERROR_MS)
    }
  }

  #sleepUntil(due: number | undefined): void {
    if (this.#closed) return
    const at = Math.min(due ?? Number.POSITIVE_INFINITY, this.#app.clock.now() + SAFETY_MS)
    this.#cancelTimer = this.#app.clock.at(at, () => this.wake())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#cancelTimer()
    await this.idle()
  }
}
