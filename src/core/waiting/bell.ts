/** Rung while nobody listens, it is heard at the next listening; what ends the wait is heard for ever. */
export class Bell {
  #rung = false
  #over = false
  #heard = () => {}

  get over(): boolean {
    return this.#over
  }

  /** There may be something. */
  ring(): void {
    this.#rung = true
    this.#heard()
  }

  /** The time is up, the client has gone, or the server stops. */
  finish(): void {
    this.#over = true
    this.#heard()
  }

  async heard(): Promise<void> {
    while (!this.#rung && !this.#over) {
      await new Promise<void>((resolve) => {
        this.#heard = resolve
      })
    }
    this.#rung = false
  }
}
