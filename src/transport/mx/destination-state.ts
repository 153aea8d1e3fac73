import type { Clock } from '../../core/clock.ts'
import type { Answer } from '../smtp-client/answer.ts'
import type { SmtpConnection } from '../smtp-client/smtp-connection.ts'

const REST_MS = 60_000
const IDLE_MS = 10_000
/** Servers count, and some close after a hundred. */
const MAX_TRANSACTIONS = 50
/** Attempts in a row that reached nobody, before a destination is left alone for a while. */
const DEAD_AFTER = 3

/** How many connections there are to one destination: starting low, more while it takes mail. */
export interface Concurrency {
  first: number
  most: number
}

/** What we know and hold of one destination: its connections, and whether it wants to be left alone. */
export class DestinationState {
  readonly #clock: Clock
  readonly #concurrency: Concurrency
  readonly #waiting = new Set<(entered: boolean) => void>()
  readonly #idle = new Map<SmtpConnection, () => void>()
  #limit: number
  #running = 0
  #unreached = 0
  #rest: { until: number; answer: Answer } | undefined

  constructor(clock: Clock, concurrency: Concurrency) {
    this.#clock = clock
    this.#concurrency = concurrency
    this.#limit = concurrency.first
  }

  /** True when nothing of it is in use. */
  get empty(): boolean {
    return this.#running === 0 && this.#idle.size === 0 && !this.resting
  }

  /** While it rests, what to answer instead of dialling. */
  get resting(): Answer | undefined {
    if (!this.#rest) return undefined
    const leftMs = this.#rest.until - this.#clock.now()
    return leftMs > 0 ? { ...this.#rest.answer, retryAfterSeconds: Math.ceil(leftMs / 1000) } : undefined
  }

  /** Waits for a turn; false when none came in time. */
  async enter(waitMs: number): Promise<boolean> {
    if (this.#running < this.#limit) {
      this.#running++
      return true
    }
    return new Promise((resolve) => {
      const done = (entered: boolean) => {
        cancel()
        this.#waiting.delete(done)
        resolve(entered)
      }
      const cancel = this.#clock.at(this.#clock.now() + waitMs, () => done(false))
      this.#waiting.add(done)
    })
  }

  leave(): void {
    this.#running--
    for (const next of this.#waiting) {
      if (this.#running >= this.#limit) break
      this.#running++
      next(true)
    }
  }

  /** Draws the conclusions from an attempt. `reached`: some server had a session with us. */
  learn({ accepted, reached, worst }: { accepted: boolean; reached: boolean; worst: Answer | undefined }): void {
    this.#unreached = reached ? 0 : this.#unreached + 1
    if (accepted) {
      this.#limit = Math.min(this.#limit + 1, this.#concurrency.most)
      return
    }
    if (!worst) return
    if (worst.replyCode === 421 || this.#unreached >= DEAD_AFTER) {
      this.#limit = 1
      this.#rest = { until: this.#clock.now() + REST_MS, answer: worst }
    }
  }

  /** A connection that waits from an earlier transaction, if any. */
  reuse(): SmtpConnection | undefined {
    for (const [connection, forget] of this.#idle) {
      forget()
      if (connection.usable) return connection
      connection.quit()
    }
    return undefined
  }

  /** Keeps a connection for the next message, for a while. */
  keep(connection: SmtpConnection): void {
    if (!connection.usable || connection.transactions >= MAX_TRANSACTIONS) {
      connection.quit()
      return
    }
    const cancel = this.#clock.at(this.#clock.now() + IDLE_MS, () => {
      this.#idle.delete(connection)
      connection.quit()
    })
    this.#idle.set(connection, () => {
      cancel()
      this.#idle.delete(connection)
    })
  }

  /** Ends what waits: connections, and turns. */
  close(): void {
    for (const next of this.#waiting) next(false)
    for (const [connection, forget] of this.#idle) {
      forget()
      connection.quit()
    }
  }
}
