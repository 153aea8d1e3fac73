import type { Clock } from '../../core/clock.ts'
import { type Answer, untried } from '../smtp-client/answer.ts'
import { ConnectionPool } from '../smtp-client/connection-pool.ts'

const REST_MS = 60_000
/** Attempts in a row that reached nobody, before a destination is left alone for a while. */
const DEAD_AFTER = 3

/** How many connections there are to one destination: starting low, more while it takes mail. */
export interface Concurrency {
  first: number
  most: number
}

/** What we know and hold of one destination: its connections, and whether it wants to be left alone. */
export class DestinationState {
  readonly pool: ConnectionPool
  readonly #clock: Clock
  readonly #most: number
  #unreached = 0
  #rest: { until: number; answer: Answer } | undefined

  constructor(clock: Clock, { first, most }: Concurrency) {
    this.#clock = clock
    this.#most = most
    this.pool = new ConnectionPool(clock, first)
  }

  /** True when nothing of it is in use. */
  get empty(): boolean {
    return this.pool.empty && !this.resting
  }

  /** While it rests, what to answer instead of dialling. */
  get resting(): Answer | undefined {
    if (!this.#rest) return undefined
    const leftMs = this.#rest.until - this.#clock.now()
    return leftMs > 0 ? untried(this.#rest.answer, Math.ceil(leftMs / 1000)) : undefined
  }

  /** Draws the conclusions from an attempt. `reached`: some server had a session with us. */
  learn({ accepted, reached, worst }: { accepted: boolean; reached: boolean; worst: Answer | undefined }): void {
    this.#unreached = reached ? 0 : this.#unreached + 1
    if (accepted) {
      this.pool.limit = Math.min(this.pool.limit + 1, this.#most)
      return
    }
    if (!worst) return
    if (worst.replyCode === 421 || this.#unreached >= DEAD_AFTER) {
      this.pool.limit = 1
      this.#rest = { until: this.#clock.now() + REST_MS, answer: worst }
    }
  }
}
