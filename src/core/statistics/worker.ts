import type { App } from '../app.ts'
import { Wakeful } from '../wakeful.ts'
import { KEPT_MS } from './statistics.ts'

const BATCH = 500
/** How long entries gather before they are counted together, when they keep coming. */
const GATHER_MS = 500
const SWEEP_EVERY_MS = 3_600_000
const SWEEP_BITE = 1_000

/** Follows the event log with the statistics, until it is disposed of. Any number of these may share a store. */
export class StatisticsWorker implements AsyncDisposable {
  readonly #app: App
  readonly #loop: Wakeful
  readonly #unsubscribe: () => void
  #restUntil = 0
  #sweptAt = 0

  constructor(app: App) {
    this.#app = app
    this.#loop = new Wakeful(app, {
      name: 'statistics worker',
      run: () => this.#round(),
      nextDue: async () => ((await app.store.read.statistics.behind()) ? this.#restUntil : undefined),
    })
    this.#unsubscribe = app.store.read.events.onAppend(() => this.#loop.wake())
  }

  /** Resolves when nothing is left to count, or it gathers. */
  idle(): Promise<void> {
    return this.#loop.idle()
  }

  async #round(): Promise<boolean> {
    const { clock, store } = this.#app
    await this.#sweep()
    if (clock.now() < this.#restUntil || !(await store.read.statistics.behind())) return false
    const followed = await store.run('statistics.follow', { limit: BATCH })
    if (followed === BATCH) return true
    this.#restUntil = clock.now() + GATHER_MS
    return false
  }

  async #sweep(): Promise<void> {
    const now = this.#app.clock.now()
    if (now - this.#sweptAt < SWEEP_EVERY_MS) return
    const swept = await this.#app.store.run('statistics.sweep', { before: now - KEPT_MS, limit: SWEEP_BITE })
    if (swept < SWEEP_BITE) this.#sweptAt = now
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe()
    await this.#loop[Symbol.asyncDispose]()
  }
}
