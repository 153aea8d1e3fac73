import { randomUUID } from 'node:crypto'
import type { App } from '../app.ts'
import type { OrgId } from '../ids.ts'
import { Wakeful } from '../wakeful.ts'
import { type ClaimedSource, FETCH_LEASE_MS, fetchSource } from './fetch.ts'

/** Under way at a time: altogether, and of one organization so that none can take all. */
const MAX_UNDER_WAY = 32
const MAX_OF_ONE_ORGANIZATION = 4

interface UnderWay {
  orgId: OrgId
  lease: string
  done: Promise<void>
}

/**
 * Fetches due IMAP sources until it is disposed of. Any number of these may share a store. Fetches run beside the rounds: a server that
 * does not answer holds its own slot and nothing else.
 */
export class ImapWorker implements AsyncDisposable {
  readonly #app: App
  readonly #loop: Wakeful
  readonly #stop = new AbortController()
  readonly #underWay = new Set<UnderWay>()

  constructor(app: App) {
    this.#app = app
    this.#loop = new Wakeful(app, {
      name: 'IMAP worker',
      run: () => this.#round(),
      nextDue: () => this.#nextDue(),
    })
  }

  /** Resolves when nothing is due and nothing is under way. */
  async idle(): Promise<void> {
    await this.#loop.idle()
    while (this.#underWay.size > 0) {
      await Promise.all([...this.#underWay].map(({ done }) => done))
      await this.#loop.idle()
    }
  }

  async #round(): Promise<boolean> {
    // Looked at first: most rounds find nothing, and a claim is a write.
    const due = await this.#nextDue()
    if (due === undefined || due > this.#app.clock.now() || this.#stop.signal.aborted) return false
    const limit = Math.min(MAX_OF_ONE_ORGANIZATION, MAX_UNDER_WAY - this.#underWay.size)
    // A name of its own for each claim: what an earlier one began must not pass for this one.
    const lease = randomUUID()
    const claim = { lease, leaseMs: FETCH_LEASE_MS, limit, except: this.#full() }
    const claimed = await this.#app.store.run('imap-sources.claim', claim)
    for (const source of claimed) this.#start({ ...source, lease })
    return claimed.length > 0
  }

  async #nextDue(): Promise<number | undefined> {
    if (this.#underWay.size >= MAX_UNDER_WAY) return undefined
    return this.#app.store.read.imapSources.nextDue(this.#full())
  }

  /** Organizations that have enough under way here. */
  #full(): OrgId[] {
    const counts = new Map<OrgId, number>()
    for (const { orgId } of this.#underWay) counts.set(orgId, (counts.get(orgId) ?? 0) + 1)
    return [...counts].filter(([, count]) => count >= MAX_OF_ONE_ORGANIZATION).map(([org]) => org)
  }

  #start(source: ClaimedSource): void {
    const { orgId, lease } = source
    const done = this.#fetch(source).then(() => {
      this.#underWay.delete(entry)
      this.#loop.wake()
    })
    const entry: UnderWay = { orgId, lease, done }
    this.#underWay.add(entry)
  }

  async #fetch(source: ClaimedSource): Promise<void> {
    try {
      await fetchSource(this.#app, source, this.#stop.signal)
    } catch (error) {
      // The store does not answer: the lease runs out.
      this.#app.log.error({ err: error, sourceId: source.id }, 'a fetch could not be recorded')
    }
  }

  /** Cuts the connections, and gives back what is not done: no message is half filed, and none is marked that is not filed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#loop[Symbol.asyncDispose]()
    const held = [...this.#underWay]
    await Promise.all(held.map(({ done }) => done))
    for (const lease of new Set(held.map((one) => one.lease))) {
      await this.#app.store.run('imap-sources.release', { lease })
    }
  }
}
