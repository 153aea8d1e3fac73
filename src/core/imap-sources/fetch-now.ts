import { randomUUID } from 'node:crypto'
import { type Caller, demand } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { notFound } from '../errors.ts'
import type { ImapSourceId } from '../ids.ts'
import { reachMailbox } from '../mailboxes/mailboxes.ts'
import { FETCH_LEASE_MS, fetchSource } from './fetch.ts'
import { demandEnabled, reachSource } from './imap-sources.ts'
import type { FetchReport, ImapSource } from './model.ts'

/** Of one request. */
const AT_A_TIME = 4
const MAX_SOURCES = 1000
/** How often we look whether a fetch that somebody else began has ended. */
const LOOK_MS = 250

/** Fetches one source now, or joins the fetch that goes on. */
export async function fetchImapSource(
  app: App,
  caller: Caller,
  mailboxName: string,
  id: ImapSourceId,
): Promise<FetchReport> {
  demand(caller, 'mailbox_update')
  const { mailbox, source } = await reachSource(app, caller, mailboxName, id)
  demandEnabled(mailbox)
  const report = await fetchOrJoin(app, source)
  if (!report) throw notFound('IMAP source')
  return report
}

/** Fetches all sources of a mailbox now, a few at a time. */
export async function fetchImapSources(app: App, caller: Caller, mailboxName: string): Promise<FetchReport[]> {
  demand(caller, 'mailbox_update')
  const mailbox = await reachMailbox(app, caller, mailboxName)
  demandEnabled(mailbox)
  const { items } = await app.store.read.imapSources.list(mailbox.id, { limit: MAX_SOURCES })
  const reports: (FetchReport | undefined)[] = []
  const left = items.entries()
  const work = async () => {
    for (const [at, source] of left) reports[at] = await fetchOrJoin(app, source)
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, work))
  return reports.filter((report) => report !== undefined)
}

/** Undefined when the source was deleted meanwhile. */
async function fetchOrJoin(app: App, { id, mailboxId }: ImapSource): Promise<FetchReport | undefined> {
  const lease = randomUUID()
  const claimed = await app.store.run('imap-sources.claim-one', { id, lease, leaseMs: FETCH_LEASE_MS })
  const report = claimed && (await fetchSource(app, { ...claimed, lease }))
  if (report) return report
  const source = await untilFree(app, { id, mailboxId })
  return source && reportOf(source)
}

/** The source as it is when nobody fetches it any more. */
async function untilFree(
  app: App,
  { id, mailboxId }: Pick<ImapSource, 'id' | 'mailboxId'>,
): Promise<ImapSource | undefined> {
  for (;;) {
    const source = await app.store.read.imapSources.get(mailboxId, id)
    if (!source || source.leaseUntil === null || source.leaseUntil <= app.clock.now()) return source
    await new Promise<void>((resolve) => app.clock.at(app.clock.now() + LOOK_MS, resolve))
  }
}

function reportOf({ id, lastFetched, lastIngested, lastError }: ImapSource): FetchReport {
  return { sourceId: id, fetched: lastFetched, ingested: lastIngested, problem: lastError }
}
