import type { OrgId } from '../ids.ts'
import { ByteBudget, type Bytes } from './byte-budget.ts'
import type { Delivery } from './model.ts'
import type { DeliveryRoute } from './route.ts'

/** What waits for the same thing: a destination, or the destination by the own way of one organization. */
export interface LaneKey {
  /** Domain of the recipients. */
  domain: string
  /** Whose own way it is; null for everybody else's mail. */
  orgId: OrgId | null
}

/** Claimed deliveries of one message that go the same way in one go. */
export interface Load {
  /** The lane whose slots it takes. */
  lane: LaneKey
  /** How many loads of this lane may be under way at once. */
  slots: number
  deliveries: Delivery[]
  bytes: Bytes
  /** For those that leave; null when it cannot be read. */
  route: DeliveryRoute | null
  claimedAt: number
}

interface Lane {
  key: LaneKey
  slots: number
  running: number
  waiting: Load[]
  /** Nothing of it starts before. */
  restsUntil: number
}

/** Bounds over all lanes together. */
export interface Bounds {
  loads: number
  bytes: number
}

/** Claimed loads, and which may start: a slow destination fills its own lane and leaves the others free. */
export class Lanes {
  readonly #most: number
  readonly #budget: ByteBudget
  readonly #lanes = new Map<string, Lane>()
  #running = 0
  #waiting = 0

  constructor({ loads, bytes }: Bounds) {
    this.#most = loads
    this.#budget = new ByteBudget(bytes)
  }

  get full(): boolean {
    return this.#running >= this.#most
  }

  get waiting(): number {
    return this.#waiting
  }

  /** When the load that waits longest was claimed. */
  get oldest(): number | undefined {
    const times = [...this.#lanes.values()].flatMap((lane) => lane.waiting.map((load) => load.claimedAt))
    return times.length > 0 ? Math.min(...times) : undefined
  }

  /** When the first lane that rests goes on. */
  get nextRestEnd(): number | undefined {
    const ends = [...this.#lanes.values()].flatMap((lane) => (lane.restsUntil > 0 ? lane.restsUntil : []))
    return ends.length > 0 ? Math.min(...ends) : undefined
  }

  add(load: Load): void {
    const lane = this.#lane(load.lane)
    lane.slots = load.slots
    lane.waiting.push(load)
    this.#waiting++
  }

  /** The next load that may start now, lanes taking turns. It counts as under way until `finish`. */
  start(now: number): Load | undefined {
    if (this.full) return undefined
    for (const [name, lane] of this.#lanes) {
      if (lane.running >= lane.slots || lane.restsUntil > now) continue
      const load = lane.waiting[0]
      // One that is too large now lets smaller ones pass, not those behind it.
      if (!load || !this.#budget.fits(load.bytes)) continue
      lane.waiting.shift()
      this.#budget.take(load.bytes)
      // A Map keeps the order of insertion: put last, this lane comes up again after the others.
      this.#lanes.delete(name)
      this.#lanes.set(name, lane)
      lane.running++
      this.#running++
      this.#waiting--
      return load
    }
    return undefined
  }

  finish(load: Load): void {
    const lane = this.#lane(load.lane)
    this.#budget.giveBack(load.bytes)
    lane.running--
    this.#running--
    this.#forgetEmpty(lane)
  }

  /** What was started and not tried comes first again, when its lane has rested. */
  putBack(load: Load, restUntil: number): void {
    const lane = this.#lane(load.lane)
    lane.slots = load.slots
    lane.restsUntil = Math.max(lane.restsUntil, restUntil)
    lane.waiting.unshift(load)
    this.#waiting++
  }

  /** Ends the rests whose time is over. */
  wake(now: number): void {
    for (const lane of this.#lanes.values()) {
      if (lane.restsUntil > now) continue
      lane.restsUntil = 0
      this.#forgetEmpty(lane)
    }
  }

  /** Lanes for which nothing more need be claimed now. */
  busy(): LaneKey[] {
    const lanes = [...this.#lanes.values()]
    return lanes.filter((l) => l.waiting.length > 0 || l.running >= l.slots || l.restsUntil > 0).map((l) => l.key)
  }

  /** Takes out what was claimed before `before` and still waits; without it, all that waits. */
  drop(before = Number.POSITIVE_INFINITY): Load[] {
    const dropped: Load[] = []
    for (const lane of this.#lanes.values()) {
      dropped.push(...lane.waiting.filter((load) => load.claimedAt < before))
      lane.waiting = lane.waiting.filter((load) => load.claimedAt >= before)
      this.#forgetEmpty(lane)
    }
    this.#waiting -= dropped.length
    return dropped
  }

  #lane(key: LaneKey): Lane {
    const name = laneName(key)
    const lane = this.#lanes.get(name) ?? { key, slots: 1, running: 0, waiting: [], restsUntil: 0 }
    this.#lanes.set(name, lane)
    return lane
  }

  #forgetEmpty(lane: Lane): void {
    const empty = lane.running === 0 && lane.waiting.length === 0 && lane.restsUntil === 0
    if (empty) this.#lanes.delete(laneName(lane.key))
  }
}

export function laneName({ domain, orgId }: LaneKey): string {
  return orgId === null ? domain : `${domain} of ${orgId}`
}
