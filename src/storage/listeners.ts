/** Callbacks to wake, in the order they came. */
export class Listeners {
  readonly #all = new Set<() => void>()

  add(listener: () => void): () => void {
    // Wrapped, so that the same function may be added twice.
    const entry = () => listener()
    this.#all.add(entry)
    return () => this.#all.delete(entry)
  }

  call(): void {
    for (const listener of [...this.#all]) listener()
  }
}
