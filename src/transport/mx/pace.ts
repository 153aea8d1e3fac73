import type { Clock } from '../../core/clock.ts'

const MINUTE_MS = 60_000
/** Nobody is told to come back sooner: then there is room for a second's worth. */
const SHORTEST_WAIT_MS = 1000

/** So many messages a minute, evenly, of which a tenth may go at once. */
export class Pace {
  readonly #clock: Pick<Clock, 'now'>
  readonly #perMs: number
  readonly #most: number
  #room: number
  #at: number

  constructor(clock: Pick<Clock, 'now'>, perMinute: number) {
    this.#clock = clock
    this.#perMs = perMinute / MINUTE_MS
    this.#most = Math.max(1, perMinute / 10)
    this.#room = this.#most
    this.#at = clock.now()
  }

  /** 0 when a message may go, which is counted; else how long to wait. */
  take(): number {
    const now = this.#clock.now()
    // A clock that was set back gives nothing and takes nothing.
    this.#room = Math.min(this.#most, this.#room + Math.max(0, now - this.#at) * this.#perMs)
    this.#at = now
    if (this.#room < 1) return Math.max(SHORTEST_WAIT_MS, Math.ceil((1 - this.#room) / this.#perMs))
    this.#room--
    return 0
  }
}
