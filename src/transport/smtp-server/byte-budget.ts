interface Waiting {
  bytes: number
  begin: () => void
}

/** A bound on what is in memory at once: whoever comes when it is used up waits for a turn, first come first served. */
export class ByteBudget {
  readonly #total: number
  #free: number
  readonly #waiting: Waiting[] = []

  constructor(totalBytes: number) {
    this.#total = totalBytes
    this.#free = totalBytes
  }

  /** Resolves when there is room; disposing gives it back. What is larger than all of it gets all of it. */
  async take(bytes: number): Promise<Disposable> {
    const share = Math.min(bytes, this.#total)
    if (this.#waiting.length > 0 || share > this.#free) {
      await new Promise<void>((begin) => this.#waiting.push({ bytes: share, begin }))
    } else {
      this.#free -= share
    }
    let held = true
    return {
      [Symbol.dispose]: () => {
        if (held) this.#give(share)
        held = false
      },
    }
  }

  #give(bytes: number): void {
    this.#free += bytes
    for (let next = this.#waiting[0]; next && next.bytes <= this.#free; next = this.#waiting[0]) {
      this.#free -= next.bytes
      this.#waiting.shift()
      next.begin()
    }
  }
}
