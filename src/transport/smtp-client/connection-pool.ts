import type { Clock } from '../../core/clock.ts'
import type { SmtpConnection } from './smtp-connection.ts'

const IDLE_MS = 10_000
/** Servers count, and some close after a hundred. */
const MAX_TRANSACTIONS = 50
/** Whoever waits holds a message in memory, and the place of another destination. */
const MAX_WAITING = 32

/** The connections to one place: so many at once, so many who wait for one, and kept open a while for the next mail. */
export class ConnectionPool {
  /** How many there may be at once. */
  limit: number
  readonly #clock: Clock
  readonly #waiting = new Set<(entered: boolean) => void>()
  readonly #idle = new Map<SmtpConnection, () => void>()
  #running = 0

  constructor(clock: Clock, limit: number) {
    this.#clock = clock
    this.limit = limit
  }

  /** True when nothing of it is in use. */
  get empty(): boolean {
    return this.#running === 0 && this.#idle.size === 0
  }

  /** Waits for a turn; false when none came in time, or too many wait already. */
  async enter(waitMs: number): Promise<boolean> {
    if (this.#running < this.limit) {
      this.#running++
      return true
    }
    if (this.#waiting.size >= MAX_WAITING) return false
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
      if (this.#running >= this.limit) break
      this.#running++
      next(true)
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
