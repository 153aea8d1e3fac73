/** Sessions that go on in one turn of the event loop. */
const AT_ONCE = 4

/**
 * Where sessions wait that say much without sending mail. A few of them go on in each turn of the event loop, so that however many talk
 * at once, and however fast, those with mail come in between. Without a crowd nobody notices.
 */
export class SlowLane {
  readonly #waiting: (() => void)[] = []
  #moving = false

  /** Resolves when it is this session's turn. */
  turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      if (!this.#moving) this.#moveOn()
    })
  }

  #moveOn(): void {
    this.#moving = true
    setImmediate(() => {
      for (const goOn of this.#waiting.splice(0, AT_ONCE)) goOn()
      if (this.#waiting.length > 0) this.#moveOn()
      else this.#moving = false
    })
  }
}
