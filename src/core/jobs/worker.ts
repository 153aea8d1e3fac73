import type { App } from '../app.ts'
import { RECHECK_LOOK_MS, recheckDomains } from '../domains/recheck.ts'
import { sendScheduled } from '../drafts/send-scheduled.ts'
import type { MailboxId } from '../ids.ts'
import { EXPIRY_LOOK_MS, expireMailboxes } from '../mailboxes/expire.ts'
import { EXPIRY_SWEEP_EVERY_MS, sweepExpired } from '../messages/sweep-expired.ts'
import { sendDsn } from '../outbound/send-dsn.ts'
import { Wakeful } from '../wakeful.ts'
import type { Job, JobTask } from './model.ts'
import { SWEEP_EVERY_MS, sweepBlobs } from './sweep-blobs.ts'

const LEASE_MS = 5 * 60_000
const PURGE_BITE = 200
/** After so many bites of one mailbox other jobs have their turn: a draft that is due does not wait for a million messages to go. */
const BITES_IN_A_ROW = 25

/** Runs due jobs one after the other, until it is disposed of. */
export class JobWorker implements AsyncDisposable {
  readonly #app: App
  readonly #loop: Wakeful
  readonly #unsubscribe: () => void
  #dailyIsThere = false

  constructor(app: App) {
    this.#app = app
    this.#loop = new Wakeful(app, {
      name: 'job worker',
      run: () => this.#round(),
      nextDue: () => app.store.read.jobs.nextDue(),
    })
    this.#unsubscribe = app.store.read.events.onAppend(() => this.#loop.wake())
  }

  /** Resolves when no job is due and none runs. */
  idle(): Promise<void> {
    return this.#loop.idle()
  }

  async #round(): Promise<boolean> {
    await this.#ensureDaily()
    const { clock, store } = this.#app
    // Looked at first: most wake-ups are for others, and a claim is a write.
    const due = await store.read.jobs.nextDue()
    if (due === undefined || due > clock.now()) return false
    const jobs = await store.run('jobs.claim', { leaseMs: LEASE_MS, limit: 16 })
    for (const job of jobs) await this.#attempt(job)
    return jobs.length > 0
  }

  async #ensureDaily(): Promise<void> {
    if (this.#dailyIsThere) return
    const { clock, store } = this.#app
    const now = clock.now()
    await store.run('jobs.ensure', { task: { kind: 'sweep-blobs', cursor: null }, runAt: now + SWEEP_EVERY_MS })
    await store.run('jobs.ensure', { task: { kind: 'recheck-domains' }, runAt: now + RECHECK_LOOK_MS })
    const expiry = { task: { kind: 'sweep-expired', after: '' }, runAt: now + EXPIRY_SWEEP_EVERY_MS } as const
    await store.run('jobs.ensure', expiry)
    await store.run('jobs.ensure', { task: { kind: 'expire-mailboxes' }, runAt: now + EXPIRY_LOOK_MS })
    this.#dailyIsThere = true
  }

  async #attempt(job: Job): Promise<void> {
    try {
      const next = await perform(this.#app, job)
      if (next) await this.#app.store.run('jobs.go-on', { id: job.id, ...next })
      else await this.#app.store.run('jobs.done', { id: job.id })
    } catch (error) {
      this.#app.log.error({ err: error, kind: job.task.kind }, 'a job failed and is tried again')
      const waitMs = Math.min(1_000 * 2 ** job.attempts, 3_600_000)
      await this.#app.store.run('jobs.retry', { id: job.id, runAt: this.#app.clock.now() + waitMs })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe()
    await this.#loop[Symbol.asyncDispose]()
  }
}

/** Answers what the job goes on with, if it does. */
async function perform(app: App, job: Job): Promise<{ task: JobTask; runAt: number } | undefined> {
  const { task } = job
  switch (task.kind) {
    case 'delete-blobs':
      return (await later(app, task)) ?? app.blobs.delete(task.keys).then(() => undefined)
    case 'purge-mailbox':
      return (await purge(app, task.mailboxId)) ? undefined : { task, runAt: app.clock.now() }
    case 'send-dsn':
      await sendDsn(app, job, task)
      return undefined
    case 'sweep-blobs':
      return (await later(app, task)) ?? sweepBlobs(app, task)
    case 'send-draft':
      return sendScheduled(app, job, task)
    case 'recheck-domains':
      return recheckDomains(app, task)
    case 'sweep-expired':
      return sweepExpired(app, task)
    case 'expire-mailboxes':
      return expireMailboxes(app, task)
  }
}

// A backup has seen rows that are gone by now, and has yet to copy their bytes (docs/decisions/backup.md).
async function later(app: App, task: JobTask): Promise<{ task: JobTask; runAt: number } | undefined> {
  const runAt = await app.store.read.jobs.blobsHeldUntil(app.clock.now())
  return runAt === undefined ? undefined : { task, runAt }
}

/** Answers whether it is done. */
async function purge(app: App, id: MailboxId): Promise<boolean> {
  for (let bite = 0; bite < BITES_IN_A_ROW; bite++) {
    if ((await app.store.run('mailboxes.purge', { id, limit: PURGE_BITE })).done) return true
  }
  return false
}
