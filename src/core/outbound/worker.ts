import type { App } from '../app.ts'
import { Wakeful } from '../wakeful.ts'
import { type Delivered, deliver, type Outcomes } from './deliver.ts'
import { type LaneKey, Lanes, type Load, laneName } from './lanes.ts'
import { LEASE_MS, Leases } from './leases.ts'
import { toLoads } from './loads.ts'
import type { Delivery } from './model.ts'
import { SharedBytes } from './shared-bytes.ts'

/** What finds no free slot of its lane for this long goes back to the queue. */
const WAIT_MS = 60_000
/** After an attempt that could not even begin. */
const POSTPONE_MS = 30_000
const RECORD_AGAIN_MS = 250
const RECORD_AGAIN_AT_MOST_MS = 2_000
/** What a shutdown leaves to what is under way, before it is cut off. */
const GRACE_MS = 4_000
const BATCH = 64
const MAX_WAITING = 2048
const MAX_UNDER_WAY = 256
/** Of raw messages, so that many large ones at once do not fill the memory. */
const MAX_BYTES_UNDER_WAY = 128 * 1024 * 1024

type Untried = Pick<Delivered, 'untried' | 'untriedUntil'>

/** Takes due deliveries from the queue and hands them over, until it is disposed of. Any number of these may share a queue. */
export class DeliveryWorker implements AsyncDisposable {
  readonly #app: App
  readonly #loop: Wakeful
  readonly #unsubscribe: () => void
  readonly #lanes = new Lanes({ loads: MAX_UNDER_WAY, bytes: MAX_BYTES_UNDER_WAY })
  readonly #underWay = new Set<Promise<void>>()
  readonly #bytes: SharedBytes
  readonly #leases: Leases
  /** The lanes that were left out when we claimed last. */
  #leftOut: LaneKey[] = []
  /** Nothing was claimed last, for want of room. */
  #heldBack = false
  #stopping = false
  #cutOff = false
  readonly #pauses = new Set<() => void>()

  constructor(app: App) {
    this.#app = app
    this.#bytes = new SharedBytes(app.blobs)
    this.#leases = new Leases(app)
    this.#loop = new Wakeful(app, {
      name: 'delivery worker',
      run: () => this.#round(),
      nextDue: () => this.#nextDue(),
    })
    this.#unsubscribe = app.store.read.events.onAppend(() => this.#loop.wake())
  }

  /** Resolves when nothing is due and nothing is under way. */
  async idle(): Promise<void> {
    await this.#loop.idle()
    while (this.#underWay.size > 0) {
      await Promise.all(this.#underWay)
      await this.#loop.idle()
    }
  }

  async #round(): Promise<boolean> {
    const now = this.#app.clock.now()
    this.#lanes.wake(now)
    await this.#release(this.#lanes.drop(now - WAIT_MS).flatMap((load) => load.deliveries))
    this.#startWhatMay()
    this.#heldBack = this.#crowded
    if (this.#heldBack) return false
    this.#leftOut = this.#lanes.busy()
    // Looked at first: most wake-ups are for others, and a claim is a write.
    const due = await this.#app.store.read.outbound.nextDue(this.#leftOut)
    if (due === undefined || due > now) return false
    const claim = { leaseMs: LEASE_MS, limit: BATCH, except: this.#leftOut, queuedOnly: !this.#leases.mayTakeOver }
    const claimed = await this.#app.store.run('outbound.claim', claim)
    // Where our own lease ran out although we live, the claim is as good as a renewal: nothing of it is handed over twice.
    const fresh = claimed.filter((delivery) => !this.#leases.holds(delivery))
    // Held only when there is somebody to work on them: should this fail, their lease runs out.
    const loads = await toLoads(this.#app, fresh, now)
    this.#leases.hold(fresh)
    for (const load of loads) this.#lanes.add(load)
    this.#startWhatMay()
    return claimed.length === BATCH
  }

  get #crowded(): boolean {
    return this.#stopping || this.#lanes.full || this.#lanes.waiting >= MAX_WAITING
  }

  async #nextDue(): Promise<number | undefined> {
    const { oldest } = this.#lanes
    const giveBack = oldest === undefined ? Number.POSITIVE_INFINITY : oldest + WAIT_MS + 1
    // Somebody wakes us when there is room again; until then a due delivery is nothing to hurry for.
    const due = this.#crowded ? undefined : await this.#app.store.read.outbound.nextDue(this.#leftOut)
    // What is due and was not taken is the claim of a worker that seems dead.
    const notBefore = due !== undefined && due <= this.#app.clock.now() ? this.#leases.takeOverAt : 0
    const rested = this.#lanes.nextRestEnd ?? Number.POSITIVE_INFINITY
    return Math.min(Math.max(due ?? Number.POSITIVE_INFINITY, notBefore), giveBack, rested)
  }

  #startWhatMay(): void {
    if (this.#stopping) return
    const now = this.#app.clock.now()
    for (let load = this.#lanes.start(now); load; load = this.#lanes.start(now)) {
      const running = this.#run(load).finally(() => this.#underWay.delete(running))
      this.#underWay.add(running)
    }
  }

  async #run(load: Load): Promise<void> {
    const { record, untried, untriedUntil } = await this.#deliver(load)
    if (record && record.outcomes.length > 0) {
      await this.#record(this.#cutOff ? dueAtOnce(record, this.#app.clock.now()) : record)
    }
    const left = new Set(untried)
    this.#leases.letGo(load.deliveries.filter((delivery) => !left.has(delivery)))
    this.#lanes.finish(load)
    if (untried.length > 0) this.#lanes.putBack({ ...load, deliveries: untried }, untriedUntil)
    this.#startWhatMay()
    // Deliveries of this lane may lie in the queue, passed over while it was busy. For all others an append wakes us.
    const passedOver = has(this.#leftOut, load.lane) && !has(this.#lanes.busy(), load.lane)
    if (passedOver || untried.length > 0 || (this.#heldBack && !this.#crowded)) this.#loop.wake()
  }

  async #deliver({ deliveries, bytes, route }: Load): Promise<Partial<Pick<Delivered, 'record'>> & Untried> {
    const nothing = { untried: [], untriedUntil: 0 }
    try {
      // Without its bytes there is nothing to send: the message was deleted meanwhile, and its deliveries with it.
      const done = await this.#bytes.use(
        bytes.key,
        async (raw) => raw && deliver(this.#app, { deliveries, raw, route }),
      )
      return done ?? nothing
    } catch (error) {
      return { record: this.#postpone(deliveries, error), ...nothing }
    }
  }

  #postpone(deliveries: Delivery[], error: unknown): Outcomes {
    const [first] = deliveries
    if (!first) throw error
    const { mailboxId, messageId } = first
    this.#app.log.warn({ err: error, messageId }, 'a delivery could not be tried')
    const nextAttemptAt = this.#app.clock.now() + POSTPONE_MS
    const postponed = deliveries.map(({ id }) => ({ id, status: 'queued' as const, nextAttemptAt, attempt: null }))
    return { mailboxId, messageId, outcomes: postponed, captured: null }
  }

  /** What a peer said yes to must never be sent again: only we know, so we keep the claim and try until the store has it. */
  async #record(outcomes: Outcomes): Promise<void> {
    for (let waitMs = RECORD_AGAIN_MS; ; waitMs = Math.min(2 * waitMs, RECORD_AGAIN_AT_MOST_MS)) {
      const last = this.#stopping
      try {
        return await this.#app.store.run('outbound.record', outcomes)
      } catch (error) {
        this.#app.log.error({ err: error, messageId: outcomes.messageId }, 'a delivery could not be recorded')
      }
      if (last) return
      await this.#pause(waitMs)
    }
  }

  async #pause(ms: number): Promise<void> {
    const over = Promise.withResolvers<void>()
    this.#pauses.add(over.resolve)
    const cancel = this.#app.clock.at(this.#app.clock.now() + ms, over.resolve)
    await over.promise
    cancel()
    this.#pauses.delete(over.resolve)
  }

  async #release(deliveries: Delivery[]): Promise<void> {
    this.#leases.letGo(deliveries)
    if (deliveries.length > 0) await this.#app.store.run('outbound.release', { ids: deliveries.map((d) => d.id) })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true
    for (const end of this.#pauses) end()
    this.#unsubscribe()
    await this.#loop[Symbol.asyncDispose]()
    await this.#giveBack()
    const { clock, sender } = this.#app
    const cancel = clock.at(clock.now() + GRACE_MS, () => {
      this.#cutOff = true
      sender.hangUp?.()
    })
    await Promise.all(this.#underWay)
    cancel()
    // What was under way and came back untried.
    await this.#giveBack()
    this.#leases[Symbol.dispose]()
  }

  async #giveBack(): Promise<void> {
    const left = this.#lanes.drop().flatMap((load) => load.deliveries)
    await this.#release(left).catch((error: unknown) => {
      this.#app.log.warn({ err: error }, 'claims could not be given back and run out by themselves')
    })
  }
}

function has(lanes: readonly LaneKey[], lane: LaneKey): boolean {
  return lanes.some((one) => laneName(one) === laneName(lane))
}

/** Our shutdown says nothing of the peer: whoever comes next need not wait. */
function dueAtOnce(outcomes: Outcomes, now: number): Outcomes {
  const due = outcomes.outcomes.map((o) => (o.status === 'queued' ? { ...o, nextAttemptAt: now } : o))
  return { ...outcomes, outcomes: due }
}
