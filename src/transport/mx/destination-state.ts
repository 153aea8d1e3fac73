import type { Clock } from '../../core/clock.ts'
import { type Answer, refusedHere, untried } from '../smtp-client/answer.ts'
import { ConnectionPool } from '../smtp-client/connection-pool.ts'
import { Pace } from './pace.ts'

const REST_MS = 60_000
/** Attempts in a row that reached nobody, before a destination is left alone for a while. */
const DEAD_AFTER = 3

/** How many connections there are to one destination: starting low, more while it takes mail. */
export interface Concurrency {
  first: number
  most: number
}

/** How a destination is treated. */
export interface Restraint {
  concurrency: Concurrency
  /** Messages; 0 is no limit. */
  perMinute: number
}

/** What we know and hold of one destination: its connections, its pace, and whether it wants to be left alone. */
export class DestinationState {
  readonly pool: ConnectionPool
  readonly #clock: Clock
  readonly #most: number
  readonly #pace: Pace | undefined
  #unreached = 0
  #rest: { until: number; answer: Answer } | undefined

  constructor(clock: Clock, { concurrency, perMinute }: Restraint) {
    this.#clock = clock
    this.#most = concurrency.most
    this.#pace = perMinute > 0 ? new Pace(clock, perMinute) : undefined
    this.pool = new ConnectionPool(clock, concurrency.first)
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

  /** Counts a message that is about to go; or answers why it may not yet. */
  begin(): Answer | undefined {
    const waitMs = this.resting ? 0 : (this.#pace?.take() ?? 0)
    return waitMs > 0 ? untried(tooFast, waitMs / 1000) : this.resting
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

const tooFast = refusedHere(null, 451, '4.4.5', 'Too much mail for this destination in a minute')
