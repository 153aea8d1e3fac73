import type { Clock } from '../../core/clock.ts'
import { DnsError } from '../../protocol/dns/resolver.ts'

const NEGATIVE_TTL_MS = 30_000
const MAX_ENTRIES = 10_000

export interface Timed<T> {
  value: T
  ttlMs: number
}

interface Entry {
  answer: Promise<unknown>
  until: number
}

/** Answers by question, for their time to live. Equal questions under way share one answer; failures of the moment are not kept. */
export class AnswerCache {
  readonly #clock: Pick<Clock, 'now'>
  readonly #entries = new Map<string, Entry>()

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  get<T>(question: string, ask: () => Promise<Timed<T>>): Promise<T> {
    const known = this.#entries.get(question)
    if (known && known.until > this.#clock.now()) return known.answer as Promise<T>
    const entry: Entry = { answer: Promise.resolve(), until: Number.POSITIVE_INFINITY }
    const answer = ask().then(
      ({ value, ttlMs }) => {
        entry.until = this.#clock.now() + ttlMs
        return value
      },
      (error: unknown) => {
        const lasting = error instanceof DnsError && !error.temporary
        if (lasting) entry.until = this.#clock.now() + NEGATIVE_TTL_MS
        else this.#entries.delete(question)
        throw error
      },
    )
    entry.answer = answer
    this.#keep(question, entry)
    return answer
  }

  // A Map keeps the order of insertion: the first key is the oldest.
  #keep(question: string, entry: Entry): void {
    this.#entries.delete(question)
    this.#entries.set(question, entry)
    const oldest = this.#entries.keys().next()
    if (this.#entries.size > MAX_ENTRIES && !oldest.done) this.#entries.delete(oldest.value)
  }
}
