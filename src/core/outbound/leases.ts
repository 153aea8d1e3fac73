import type { App } from '../app.ts'
import type { DeliveryId } from '../ids.ts'

/** What a dead worker held is taken up again after this. */
export const LEASE_MS = 60_000
const BEAT_MS = 10_000
/** So long must the store have answered before a lease that ran out says that its worker is dead, and not that it could not write. */
const GRACE_MS = 2 * BEAT_MS
const BITE = 500

/** The deliveries that a worker has claimed, held for as long as it lives. */
export class Leases implements Disposable {
  readonly #app: Pick<App, 'clock' | 'log' | 'store'>
  readonly #held = new Set<DeliveryId>()
  #answeringSince: number | undefined
  #cancel = () => {}
  #closed = false

  constructor(app: Pick<App, 'clock' | 'log' | 'store'>) {
    this.#app = app
    this.#answeringSince = app.clock.now()
    this.#sleep()
  }

  /** From when on the claims of others may be taken over once they have run out. */
  get takeOverAt(): number {
    return (this.#answeringSince ?? this.#app.clock.now()) + GRACE_MS
  }

  get mayTakeOver(): boolean {
    return this.takeOverAt <= this.#app.clock.now()
  }

  holds({ id }: { id: DeliveryId }): boolean {
    return this.#held.has(id)
  }

  hold(deliveries: { id: DeliveryId }[]): void {
    for (const { id } of deliveries) this.#held.add(id)
  }

  letGo(deliveries: { id: DeliveryId }[]): void {
    for (const { id } of deliveries) this.#held.delete(id)
  }

  [Symbol.dispose](): void {
    this.#closed = true
    this.#cancel()
  }

  #sleep(): void {
    if (!this.#closed) this.#cancel = this.#app.clock.at(this.#app.clock.now() + BEAT_MS, () => void this.#beat())
  }

  async #beat(): Promise<void> {
    try {
      const ids = [...this.#held]
      if (ids.length === 0) await this.#app.store.ping()
      for (let at = 0; at < ids.length; at += BITE) {
        await this.#app.store.run('outbound.renew', { ids: ids.slice(at, at + BITE), leaseMs: LEASE_MS })
      }
      this.#answeringSince ??= this.#app.clock.now()
    } catch (error) {
      this.#answeringSince = undefined
      this.#app.log.warn({ err: error }, 'the claims of the delivery worker could not be renewed')
    }
    this.#sleep()
  }
}
