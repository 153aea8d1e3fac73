import { randomUUID } from 'node:crypto'
import type { App } from '../app.ts'
import { UnderWay } from '../under-way.ts'
import { Wakeful } from '../wakeful.ts'
import { type ClaimedSource, FETCH_LEASE_MS, fetchSource } from './fetch.ts'

const LIMITS = { all: 32, ofOne: 4 }

/**
 * Fetches due IMAP sources until it is disposed of. Any number of these may share a store. Fetches run beside the rounds: a server that
 * does not answer holds its own slot and nothing else.
 */
export class ImapWorker implements AsyncDisposable {
  readonly #app: App
  readonly #loop: Wakeful
  readonly #stop = new AbortController()
  readonly #underWay = new UnderWay<ClaimedSource>(LIMITS)

  constructor(app: App) {
    this.#app = app
    this.#loop = new Wakeful(app, {
      name: 'IMAP worker',
      run: () => this.#round(),
      nextDue: () => this.#nextDue(),
    })
  }

  /** Resolves when nothing is due and nothing is under way. */
  idle(): Promise<void> {
    return this.#underWay.idle(this.#loop)
  }

  async #round(): Promise<boolean> {
    // Looked at first: most rounds find nothing, and a claim is a write.
    const due = await this.#nextDue()
    if (due === undefined || due > this.#app.clock.now() || this.#stop.signal.aborted) return false
    const limit = Math.min(LIMITS.ofOne, this.#underWay.room)
    // A name of its own for each claim: what an earlier one began must not pass for this one.
    const lease = randomUUID()
    const claim = { lease, leaseMs: FETCH_LEASE_MS, limit, except: this.#underWay.crowded }
    const claimed = await this.#app.store.run('imap-sources.claim', claim)
    for (const source of claimed) this.#start({ ...source, lease })
    return claimed.length > 0
  }

  async #nextDue(): Promise<number | undefined> {
    if (this.#underWay.room <= 0) return undefined
    return this.#app.store.read.imapSources.nextDue(this.#underWay.crowded)
  }

  #start(source: ClaimedSource): void {
    this.#underWay.start(source, this.#fetch(source), () => this.#loop.wake())
  }

  async #fetch(source: ClaimedSource): Promise<boolean> {
    try {
      await fetchSource(this.#app, source, this.#stop.signal)
    } catch (error) {
      // The store does not answer: the lease runs out.
      this.#app.log.error({ err: error, sourceId: source.id }, 'a fetch could not be recorded')
    }
    return true
  }

  /** Cuts the connections, and gives back what is not done: no message is half filed, and none is marked that is not filed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#loop[Symbol.asyncDispose]()
    const held = this.#underWay.pieces
    await this.#underWay.over()
    for (const lease of new Set(held.map((source) => source.lease))) {
      await this.#app.store.run('imap-sources.release', { lease })
    }
  }
}
