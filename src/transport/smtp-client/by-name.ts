import type { Clock } from '../../core/clock.ts'

const FORGET_MS = 5 * 60_000

/** Things by their name, each made when it is first asked for, and forgotten when nothing of it is in use. */
export class ByName<T extends { readonly empty: boolean }> {
  readonly #clock: Clock
  readonly #make: () => T
  readonly #known = new Map<string, T>()

  constructor(clock: Clock, make: () => T) {
    this.#clock = clock
    this.#make = make
  }

  get(name: string): T {
    const known = this.#known.get(name)
    if (known) return known
    const made = this.#make()
    this.#known.set(name, made)
    this.#forgetLater(name, made)
    return made
  }

  values(): Iterable<T> {
    return this.#known.values()
  }

  #forgetLater(name: string, thing: T): void {
    this.#clock.at(this.#clock.now() + FORGET_MS, () => {
      if (thing.empty) this.#known.delete(name)
      else this.#forgetLater(name, thing)
    })
  }
}
