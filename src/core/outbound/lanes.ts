import type { Delivery } from './model.ts'

/** Claimed deliveries of one message that go the same way in one go. */
export interface Load {
  /** The domain whose slots it takes. */
  lane: string
  /** How many loads of this lane may be under way at once. */
  slots: number
  deliveries: Delivery[]
  claimedAt: number
}

interface Lane {
  slots: number
  running: number
  waiting: Load[]
}

/** Claimed loads, and which may start: a slow destination fills its own lane and leaves the others free. */
export class Lanes {
  readonly #most: number
  readonly #lanes = new Map<string, Lane>()
  #running = 0
  #waiting = 0

  /** At most `most` loads are under way in all lanes together. */
  constructor(most: number) {
    this.#most = most
  }

  get full(): boolean {
    return this.#running >= this.#most
  }

  get waiting(): number {
    return this.#waiting
  }

  /** When the load that waits longest was claimed. */
  get oldest(): number | undefined {
    const times = [...this.#lanes.values()].flatMap((lane) => lane.waiting[0]?.claimedAt ?? [])
    return times.length > 0 ? Math.min(...times) : undefined
  }

  add(load: Load): void {
    const lane = this.#lanes.get(load.lane) ?? { slots: load.slots, running: 0, waiting: [] }
    this.#lanes.set(load.lane, lane)
    lane.slots = load.slots
    lane.waiting.push(load)
    this.#waiting++
  }

  /** The next load that may start now, lanes taking turns. It counts as under way until `finish`. */
  start(): Load | undefined {
    if (this.full) return undefined
    for (const [name, lane] of this.#lanes) {
      if (lane.running >= lane.slots) continue
      const load = lane.waiting.shift()
      if (!load) continue
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
    const lane = this.#lanes.get(load.lane)
    if (!lane) return
    lane.running--
    this.#running--
    this.#forgetEmpty(load.lane, lane)
  }

  /** Lanes for which nothing more need be claimed now. */
  busy(): string[] {
    return [...this.#lanes].filter(([, l]) => l.waiting.length > 0 || l.running >= l.slots).map(([name]) => name)
  }

  /** Takes out what was claimed before `before` and still waits; without it, all that waits. */
  drop(before = Number.POSITIVE_INFINITY): Load[] {
    const dropped: Load[] = []
    for (const [name, lane] of this.#lanes) {
      dropped.push(...lane.waiting.filter((load) => load.claimedAt < before))
      lane.waiting = lane.waiting.filter((load) => load.claimedAt >= before)
      this.#forgetEmpty(name, lane)
    }
    this.#waiting -= dropped.length
    return dropped
  }

  #forgetEmpty(name: string, lane: Lane): void {
    if (lane.running === 0 && lane.waiting.length === 0) this.#lanes.delete(name)
  }
}
