import type { App } from '../app.ts'
import { UnderWay } from '../under-way.ts'
import { Wakeful } from '../wakeful.ts'
import { attempt } from './attempt.ts'
import type { WebhookDelivery } from './model.ts'

/** Longer than any attempt may take: a delivery whose worker died is taken up again after it. */
const LEASE_MS = 60_000
const FOLLOW_BATCH = 200
const CLAIM_BATCH = 64
const LIMITS = { all: 512, ofOne: 128 }
/** How long a shutdown waits for answers. */
const GRACE_MS = 2_000
const SWEEP_EVERY_MS = 3_600_000
const SWEEP_BITE = 500
const LOG_KEPT_MS = 30 * 24 * SWEEP_EVERY_MS

/**
 * Follows the event log, and posts what came of it to its webhooks, until it is disposed of. Any number of these may share a store.
 * Attempts run beside the rounds: a slow receiver holds its own slots and nothing else.
 */
export class WebhookWorker implements AsyncDisposable {
  readonly #app: App
  readonly #loop: Wakeful
  readonly #unsubscribe: () => void
  readonly #abort = new AbortController()
  readonly #underWay = new UnderWay<WebhookDelivery>(LIMITS)
  #stopping = false
  #sweptAt = 0

  constructor(app: App) {
    this.#app = app
    this.#loop = new Wakeful(app, {
      name: 'webhook worker',
      run: () => this.#round(),
      nextDue: () => this.#nextDue(),
    })
    this.#unsubscribe = app.store.read.events.onAppend(() => this.#loop.wake())
  }

  /** Resolves when nothing is due and nothing is under way. */
  idle(): Promise<void> {
    return this.#underWay.idle(this.#loop)
  }

  async #round(): Promise<boolean> {
    const { store } = this.#app
    const behind = await store.read.webhooks.behind()
    const followed = behind ? await store.run('webhooks.follow', { limit: FOLLOW_BATCH }) : 0
    const claimed = await this.#claim()
    await this.#sweep()
    return followed === FOLLOW_BATCH || claimed > 0
  }

  async #claim(): Promise<number> {
    const { clock, store } = this.#app
    // Looked at first: most wake-ups are for others, and a claim is a write.
    const due = await this.#nextDue()
    if (due === undefined || due > clock.now() || this.#stopping) return 0
    const limit = Math.min(CLAIM_BATCH, this.#underWay.room)
    const claimed = await store.run('webhooks.claim', { leaseMs: LEASE_MS, limit, except: this.#underWay.crowded })
    for (const delivery of claimed) this.#start(delivery)
    return claimed.length
  }

  async #nextDue(): Promise<number | undefined> {
    if (this.#underWay.room <= 0) return undefined
    return this.#app.store.read.webhooks.nextDue(this.#underWay.crowded)
  }

  #start(delivery: WebhookDelivery): void {
    this.#underWay.start(delivery, this.#attempt(delivery), () => this.#loop.wake())
  }

  /** True when nothing is left to do for it here. */
  async #attempt(delivery: WebhookDelivery): Promise<boolean> {
    try {
      return await attempt(this.#app, delivery, this.#abort.signal)
    } catch (error) {
      this.#app.log.error({ err: error, deliveryId: delivery.id }, 'a webhook attempt could not be recorded')
      return true
    }
  }

  async #sweep(): Promise<void> {
    const now = this.#app.clock.now()
    if (now - this.#sweptAt < SWEEP_EVERY_MS) return
    const before = now - LOG_KEPT_MS
    const swept = await this.#app.store.run('webhooks.sweep', { before, limit: SWEEP_BITE })
    if (swept < SWEEP_BITE) this.#sweptAt = now
  }

  /** Takes nothing more, waits a moment for answers, and gives back what has none. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true
    this.#unsubscribe()
    await this.#loop[Symbol.asyncDispose]()
    const all = this.#underWay.over()
    const { clock } = this.#app
    let cancel = () => {}
    const grace = new Promise<void>((resolve) => (cancel = clock.at(clock.now() + GRACE_MS, resolve)))
    await Promise.race([all, grace])
    cancel()
    this.#abort.abort()
    await all
    const ids = this.#underWay.pieces.map(({ id }) => id)
    if (ids.length > 0) await this.#app.store.run('webhooks.release', { ids })
  }
}
