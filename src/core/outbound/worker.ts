import type { App } from '../app.ts'
import type { DeliveryId, MessageId } from '../ids.ts'
import { Wakeful } from '../wakeful.ts'
import { deliver } from './deliver.ts'
import type { Delivery } from './model.ts'

/** Longer than any attempt may take: a delivery whose worker died is taken up again after it. */
const LEASE_MS = 10 * 60_000
const BATCH = 64
const CONCURRENCY = 16

/** Takes due deliveries from the queue and hands them over, until it is disposed of. Any number of these may share a queue. */
export class DeliveryWorker implements AsyncDisposable {
  readonly #app: App
  readonly #loop: Wakeful
  readonly #unsubscribe: () => void
  /** Claimed and not yet under way: what a shutdown gives back. */
  #waiting: Delivery[][] = []
  #stopping = false

  constructor(app: App) {
    this.#app = app
    this.#loop = new Wakeful(app, {
      name: 'delivery worker',
      run: () => this.#round(),
      nextDue: () => app.store.read.outbound.nextDue(),
    })
    this.#unsubscribe = app.store.read.events.onAppend(() => this.#loop.wake())
  }

  /** Resolves when nothing is due and nothing is under way. */
  idle(): Promise<void> {
    return this.#loop.idle()
  }

  async #round(): Promise<boolean> {
    const claimed = await this.#app.store.run('outbound.claim', { leaseMs: LEASE_MS, limit: BATCH })
    this.#waiting = [...Map.groupBy(claimed, (d) => d.messageId as MessageId).values()]
    await Promise.all(Array.from({ length: CONCURRENCY }, () => this.#work()))
    return claimed.length === BATCH
  }

  async #work(): Promise<void> {
    for (let group = this.#next(); group; group = this.#next()) {
      try {
        await this.#deliverGroup(group)
      } catch (error) {
        this.#app.log.error({ err: error, messageId: group[0]?.messageId }, 'a delivery could not be recorded')
      }
    }
  }

  #next(): Delivery[] | undefined {
    return this.#stopping ? undefined : this.#waiting.shift()
  }

  async #deliverGroup(deliveries: Delivery[]): Promise<void> {
    const [first] = deliveries
    const raw = first && (await this.#app.blobs.get(first.blobKey))
    // Without its bytes there is nothing to send: the message was deleted meanwhile, and its deliveries with it.
    if (raw) await deliver(this.#app, { deliveries, raw })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true
    this.#unsubscribe()
    await this.#loop[Symbol.asyncDispose]()
    const ids: DeliveryId[] = this.#waiting.flat().map((d) => d.id)
    if (ids.length > 0) await this.#app.store.run('outbound.release', { ids })
  }
}
