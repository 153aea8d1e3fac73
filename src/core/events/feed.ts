import type { App } from '../app.ts'
import { Failure } from '../errors.ts'
import { Wakeful } from '../wakeful.ts'
import type { LoggedEvent } from './model.ts'

const BATCH = 500

/** Where new entries of the log are heard. */
export interface Tap {
  /** Entries in their order. When it throws, all taps are given the same entries again, after a second. */
  take(events: readonly LoggedEvent[]): void | Promise<void>
  /** There will be no more: the server stops. */
  end(): void
}

type Ports = Pick<App, 'clock' | 'log' | 'store'>

/**
 * The one reader of the event log for everybody in this process who waits for news: waits, sockets, event streams. It reads while
 * somebody listens, each entry once however many do; while nobody does, mail costs nothing more.
 */
export class EventFeed implements AsyncDisposable {
  readonly #app: Ports
  readonly #taps = new Set<Tap>()
  #following: Following | undefined
  #closed = false

  constructor(app: Ports) {
    this.#app = app
  }

  /** Once this has resolved, every entry whose commit is not yet to be seen in the rows will come to the tap. The answer leaves. */
  async join(tap: Tap): Promise<() => void> {
    if (this.#closed) throw new Failure('unavailable', 'The server is stopping')
    this.#taps.add(tap)
    this.#following ??= new Following(this.#app, (events) => this.#hand(events))
    const following = this.#following
    try {
      await following.ready
    } catch (error) {
      if (this.#following === following) this.#following = undefined
      this.#leave(tap)
      throw error
    }
    return () => this.#leave(tap)
  }

  #leave(tap: Tap): void {
    this.#taps.delete(tap)
    if (this.#taps.size > 0) return
    void this.#following?.[Symbol.asyncDispose]()
    this.#following = undefined
  }

  async #hand(events: readonly LoggedEvent[]): Promise<void> {
    for (const tap of [...this.#taps]) await tap.take(events)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    const following = this.#following
    for (const tap of [...this.#taps]) tap.end()
    this.#taps.clear()
    await following?.[Symbol.asyncDispose]()
  }
}

/** One stretch of following: from where the log stood when somebody began to listen. */
class Following implements AsyncDisposable {
  /** Resolves when the place in the log is known. */
  readonly ready: Promise<void>
  readonly #app: Ports
  readonly #hand: (events: readonly LoggedEvent[]) => Promise<void>
  #rounds: Wakeful | undefined
  #position = 0
  #closed = false
  #unsubscribe = () => {}

  constructor(app: Ports, hand: (events: readonly LoggedEvent[]) => Promise<void>) {
    this.#app = app
    this.#hand = hand
    this.ready = this.#begin()
  }

  async #begin(): Promise<void> {
    const { events } = this.#app.store.read
    this.#position = await events.position()
    if (this.#closed) return
    // Looks once by itself, so that nothing falls between the position and the first call.
    const run = () => this.#round()
    this.#rounds = new Wakeful(this.#app, { name: 'event feed', run, nextDue: async () => undefined })
    this.#unsubscribe = events.onAppend(() => this.#rounds?.wake())
  }

  async #round(): Promise<boolean> {
    const events = await this.#app.store.read.events.after(this.#position, BATCH)
    if (events.length === 0 || this.#closed) return false
    await this.#hand(events)
    this.#position = events.at(-1)?.seq ?? this.#position
    return events.length === BATCH
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#unsubscribe()
    await this.#rounds?.[Symbol.asyncDispose]()
  }
}
