const EVERY_MS = 200

/** A line on a terminal that tells how far it is; nothing anywhere else. Disposing clears it. */
export class Progress implements Disposable {
  #last = 0
  readonly #on = process.stderr.isTTY

  show(text: string): void {
    if (!this.#on || Date.now() - this.#last < EVERY_MS) return
    this.#last = Date.now()
    process.stderr.write(`\r\x1b[K${text}`)
  }

  [Symbol.dispose](): void {
    if (this.#on && this.#last > 0) process.stderr.write('\r\x1b[K')
  }
}
