import { Failure, notFound } from '../errors.ts'
import type { ImapSourceId, MailboxId, OrgId } from '../ids.ts'
import type { Tx } from '../store.ts'
import type { FetchedMark, FetchProblem, ImapPosition, ImapSource } from './model.ts'
import { FIRST_FETCH_MS } from './poll-plan.ts'
import { isAnotherFolder } from './rules.ts'

/** Marks that cannot be set wait for the next fetch; beyond so many the oldest are given up. */
const MAX_PENDING = 2_000

export type NewImapSource = Pick<
  ImapSource,
  | 'id'
  | 'orgId'
  | 'mailboxId'
  | 'host'
  | 'port'
  | 'useSsl'
  | 'username'
  | 'folder'
  | 'sealedPassword'
  | 'keyId'
  | 'fetchIntervalMinutes'
  | 'afterFetchAction'
>

const start: ImapPosition = { uidValidity: null, lastUid: 0, pending: [] }

/** Adds a source to a mailbox. */
export async function createImapSource(tx: Tx, input: NewImapSource): Promise<ImapSource> {
  if (!(await tx.mailboxes.get(input.orgId, input.mailboxId))) throw notFound('mailbox')
  if (await tx.imapSources.exists(input.id)) throw new Failure('conflict', 'This id is in use')
  const last = { lastFetchAt: null, lastSuccessAt: null, lastError: null, lastFetched: 0, lastIngested: 0, failures: 0 }
  const times = { nextFetchAt: tx.now + FIRST_FETCH_MS, createdAt: tx.now, updatedAt: null }
  const source: ImapSource = { ...input, position: start, ...last, ...times, lease: null, leaseUntil: null }
  if (!(await tx.imapSources.insert(source))) throw twin()
  return source
}

export type ImapSourceChange = Partial<Omit<NewImapSource, 'id' | 'orgId' | 'mailboxId'>>

/** Changes what is given. A fetch that goes on meanwhile files nothing more. */
export async function updateImapSource(
  tx: Tx,
  input: { mailboxId: MailboxId; id: ImapSourceId; seen: number | null; change: ImapSourceChange },
): Promise<ImapSource> {
  const source = await tx.imapSources.hold(input.id)
  if (source?.mailboxId !== input.mailboxId) throw notFound('IMAP source')
  // What the caller may change depends on what it was.
  if (source.updatedAt !== input.seen) throw new Failure('conflict', 'This source was changed meanwhile')
  const updatedAt = Math.max(tx.now, (source.updatedAt ?? 0) + 1)
  const changed: ImapSource = { ...source, ...input.change, lease: null, leaseUntil: null, updatedAt }
  const another = isAnotherFolder(source, changed)
  if (another) changed.position = start
  else if (changed.afterFetchAction === 'none') changed.position = { ...source.position, pending: [] }
  if (another || input.change.sealedPassword !== undefined || changed.useSsl !== source.useSsl) {
    Object.assign(changed, { failures: 0, nextFetchAt: tx.now + FIRST_FETCH_MS })
  }
  changed.nextFetchAt = Math.min(changed.nextFetchAt, tx.now + changed.fetchIntervalMinutes * 60_000)
  if (!(await tx.imapSources.update(changed))) throw twin()
  return changed
}

function twin(): Failure {
  return new Failure('conflict', 'This mailbox has a source with this host, username and folder already')
}

/** Ends a source; what came through it stays. */
export async function deleteImapSource(tx: Tx, input: { mailboxId: MailboxId; id: ImapSourceId }): Promise<void> {
  const source = await tx.imapSources.hold(input.id)
  if (source?.mailboxId !== input.mailboxId) throw notFound('IMAP source')
  await tx.imapSources.delete(source.id)
}

/** Takes due sources for one worker. */
export async function claimImapSources(
  tx: Tx,
  input: { lease: string; leaseMs: number; limit: number; except: OrgId[] },
): Promise<ImapSource[]> {
  return tx.imapSources.claim(tx.now, input.lease, tx.now + input.leaseMs, input.limit, input.except)
}

/** Takes one source, due or not; undefined when it is being fetched, or gone. */
export async function claimImapSource(
  tx: Tx,
  input: { id: ImapSourceId; lease: string; leaseMs: number },
): Promise<ImapSource | undefined> {
  return tx.imapSources.claimOne(tx.now, input.lease, tx.now + input.leaseMs, input.id)
}

/** This message was looked at and not kept. */
export async function passImapMessage(tx: Tx, mark: FetchedMark): Promise<void> {
  await advance(tx, mark, false)
}

/**
 * Moves the position past a message, in the transaction that files it: a crash neither loses nor repeats it. Throws `conflict` when
 * the source is somebody else's by now, so that nothing is filed for it.
 */
export async function advance(tx: Tx, mark: FetchedMark, filed: boolean): Promise<void> {
  const { position } = await held(tx, mark)
  const known = position.uidValidity === mark.uidValidity ? position : { ...start, uidValidity: mark.uidValidity }
  const pending = filed && mark.acts ? [...known.pending, mark.uid].slice(-MAX_PENDING) : known.pending
  await tx.imapSources.move(mark.sourceId, { ...known, lastUid: Math.max(known.lastUid, mark.uid), pending })
}

/** These are marked or deleted on the server. */
export async function settleImapMessages(
  tx: Tx,
  input: { sourceId: ImapSourceId; lease: string; uids: number[] },
): Promise<void> {
  const { position } = await held(tx, input)
  const done = new Set(input.uids)
  const pending = position.pending.filter((uid) => !done.has(uid))
  await tx.imapSources.move(input.sourceId, { ...position, pending })
}

async function held(tx: Tx, { sourceId, lease }: { sourceId: ImapSourceId; lease: string }): Promise<ImapSource> {
  const source = await tx.imapSources.hold(sourceId)
  if (source?.lease !== lease) throw new Failure('conflict', 'The source was changed, or is fetched by another')
  return source
}

export interface FetchOutcome {
  sourceId: ImapSourceId
  lease: string
  fetched: number
  ingested: number
  problem: FetchProblem | null
  failures: number
  waitMs: number
}

/** Ends a fetch; nothing happens when the source is somebody else's by now. */
export async function finishImapFetch(tx: Tx, outcome: FetchOutcome): Promise<void> {
  const source = await tx.imapSources.hold(outcome.sourceId)
  if (source?.lease !== outcome.lease) return
  const { fetched: lastFetched, ingested: lastIngested, problem: lastError, failures } = outcome
  const good = lastError === null || lastError === 'after_fetch'
  await tx.imapSources.update({
    ...source,
    ...{ lastFetched, lastIngested, lastError, failures, lastFetchAt: tx.now },
    lastSuccessAt: good ? tx.now : source.lastSuccessAt,
    nextFetchAt: tx.now + outcome.waitMs,
    lease: null,
    leaseUntil: null,
  })
}

/** Nothing is fetched for now: the mailbox takes no mail. */
export async function postponeImapFetch(
  tx: Tx,
  input: { sourceId: ImapSourceId; lease: string; waitMs: number },
): Promise<void> {
  const source = await tx.imapSources.hold(input.sourceId)
  if (source?.lease !== input.lease) return
  await tx.imapSources.update({ ...source, nextFetchAt: tx.now + input.waitMs, lease: null, leaseUntil: null })
}

/** A worker stops, or all have (null): what is held is due again as it was. */
export async function releaseImapSources(tx: Tx, input: { lease: string | null }): Promise<void> {
  await tx.imapSources.release(input.lease)
}
