import type { OrgId } from './ids.ts'
import type { Wakeful } from './wakeful.ts'

export interface UnderWayLimits {
  /** Altogether. */
  all: number
  /** Of one organization, so that none can take all. */
  ofOne: number
}

/** The pieces of work that run beside the rounds of a worker: a slow one holds its own slot and nothing else. */
export class UnderWay<Piece extends { orgId: OrgId }> {
  readonly #limits: UnderWayLimits
  readonly #running = new Map<Piece, Promise<void>>()

  constructor(limits: UnderWayLimits) {
    this.#limits = limits
  }

  get pieces(): Piece[] {
    return [...this.#running.keys()]
  }

  /** How many more may begin. */
  get room(): number {
    return this.#limits.all - this.#running.size
  }

  /** Organizations that have enough here. */
  get crowded(): OrgId[] {
    const counts = new Map<OrgId, number>()
    for (const { orgId } of this.#running.keys()) counts.set(orgId, (counts.get(orgId) ?? 0) + 1)
    return [...counts].filter(([, count]) => count >= this.#limits.ofOne).map(([org]) => org)
  }

  /** Keeps a piece until its work says that nothing is left to do for it; `after` follows in any case. The work must not fail. */
  start(piece: Piece, work: Promise<boolean>, after: () => void): void {
    const done = work.then((ended) => {
      if (ended) this.#running.delete(piece)
      after()
    })
    this.#running.set(piece, done)
  }

  /** Resolves when the work that runs now is over. */
  async over(): Promise<void> {
    await Promise.all(this.#running.values())
  }

  /** Resolves when this worker has nothing due and nothing under way. */
  async idle(loop: Wakeful): Promise<void> {
    await loop.idle()
    while (this.#running.size > 0) {
      await this.over()
      await loop.idle()
    }
  }
}
