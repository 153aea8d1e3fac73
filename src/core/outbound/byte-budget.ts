export interface Bytes {
  /** What they are kept under: who holds the same bytes holds them once. */
  key: string
  sizeBytes: number
}

/** How many bytes of messages are in memory at once. What is larger than the whole goes when nothing else does. */
export class ByteBudget {
  readonly #most: number
  readonly #users = new Map<string, number>()
  #used = 0

  constructor(most: number) {
    this.#most = most
  }

  fits({ key, sizeBytes }: Bytes): boolean {
    return this.#used === 0 || this.#users.has(key) || this.#used + sizeBytes <= this.#most
  }

  take({ key, sizeBytes }: Bytes): void {
    const users = this.#users.get(key) ?? 0
    this.#users.set(key, users + 1)
    if (users === 0) this.#used += sizeBytes
  }

  giveBack({ key, sizeBytes }: Bytes): void {
    const users = this.#users.get(key) ?? 0
    if (users > 1) this.#users.set(key, users - 1)
    else if (this.#users.delete(key)) this.#used -= sizeBytes
  }
}
