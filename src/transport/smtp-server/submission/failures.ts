/** Beyond this many names the ones that failed longest ago are forgotten. */
const MAX_NAMES = 50_000

/** Counts failures by name in a window that slides. */
export class Failures {
  readonly #max: number
  readonly #windowMs: number
  /** When the last ones were, the names in the order of their newest. */
  readonly #times = new Map<string, number[]>()

  constructor({ max, windowMs }: { max: number; windowMs: number }) {
    this.#max = max
    this.#windowMs = windowMs
  }

  tooMany(name: string, now: number): boolean {
    return this.#recent(name, now).length >= this.#max
  }

  note(name: string, now: number): void {
    const times = [...this.#recent(name, now), now].slice(-this.#max)
    this.#times.delete(name)
    this.#times.set(name, times)
    this.#forget(now)
  }

  #recent(name: string, now: number): number[] {
    return (this.#times.get(name) ?? []).filter((at) => at > now - this.#windowMs)
  }

  #forget(now: number): void {
    for (const [name, times] of this.#times) {
      const over = (times.at(-1) ?? 0) <= now - this.#windowMs
      if (!over && this.#times.size <= MAX_NAMES) return
      this.#times.delete(name)
    }
  }
}
