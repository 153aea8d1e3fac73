import { Failure, notFound } from '../errors.ts'
import type { EventType } from '../events/model.ts'
import type { ApiKeyId, DraftId, JobId, MailboxId } from '../ids.ts'
import type { Tx } from '../store.ts'
import type { Draft, DraftAttachment, FullDraft } from './model.ts'

/** When it is to be sent, and who says so. */
export interface Timing {
  sendAt: number | null
  by: ApiKeyId | null
}

type Decided = 'sendStatus' | 'failure' | 'jobId' | 'scheduledBy' | 'generation' | 'createdAt' | 'updatedAt'
export type NewDraft = Omit<FullDraft, Decided>

/** Keeps a new draft. The same `clientId` answers the draft that is there, whatever is in it. */
export async function createDraft(tx: Tx, input: { draft: NewDraft }): Promise<{ draft: FullDraft; created: boolean }> {
  const { orgId, mailboxId, clientId, createdBy, sendAt } = input.draft
  if (!(await tx.mailboxes.get(orgId, mailboxId))) throw notFound('mailbox')
  const twin = clientId === null ? undefined : await twinOf(tx, input.draft, clientId)
  if (twin) return { draft: twin, created: false }
  const times = { generation: 1, createdAt: tx.now, updatedAt: tx.now }
  const unscheduled = { ...input.draft, ...times, sendStatus: null, failure: null, jobId: null, scheduledBy: null }
  const draft = { ...unscheduled, ...(await schedule(tx, unscheduled, { sendAt, by: createdBy })) }
  await tx.drafts.insert(draft)
  await tx.mailboxes.count(mailboxId, { sizeBytes: sizeOf(draft.attachments) })
  await tell(tx, draft, 'draft.created', { by: createdBy })
  return { draft, created: true }
}

async function twinOf(tx: Tx, { orgId, mailboxId }: NewDraft, clientId: string): Promise<FullDraft | undefined> {
  await tx.accounts.lockOrganization(orgId)
  const twin = await tx.drafts.byClientId(orgId, clientId)
  if (twin && twin.mailboxId !== mailboxId) throw new Failure('conflict', 'This client_id belongs to another draft')
  return twin
}

/**
 * Puts the changed draft in the place of the one with its generation; undefined when that one has changed meanwhile.
 * Without `timing` its time stays what it is.
 */
export async function replaceDraft(
  tx: Tx,
  input: { draft: FullDraft; timing?: Timing | undefined; by: ApiKeyId | null },
): Promise<FullDraft | undefined> {
  const before = await tx.drafts.get(input.draft.mailboxId, input.draft.id)
  if (!before) throw notFound('draft')
  if (before.generation !== input.draft.generation) return undefined
  const timed = input.timing && (await schedule(tx, before, input.timing))
  const draft = { ...input.draft, ...timed, ...nextVersion(tx, before) }
  await tx.drafts.update(draft)
  const kept = new Set(draft.attachments.map((file) => file.id))
  await deleteBytes(
    tx,
    before.attachments.filter((file) => !kept.has(file.id)),
  )
  await tx.mailboxes.count(draft.mailboxId, { sizeBytes: sizeOf(draft.attachments) - sizeOf(before.attachments) })
  await tell(tx, draft, 'draft.updated', { by: input.by })
  return draft
}

/** Throws a draft away, with its files and its time. */
export async function deleteDraft(
  tx: Tx,
  input: { mailboxId: MailboxId; id: DraftId; by: ApiKeyId | null },
): Promise<void> {
  const draft = await tx.drafts.get(input.mailboxId, input.id)
  if (!draft) throw notFound('draft')
  refuseSending(draft)
  await erase(tx, draft)
  await tell(tx, draft, 'draft.deleted', { by: input.by })
}

/** What somebody sends: the draft as they read it. */
export interface SentDraft {
  id: DraftId
  generation: number
  /** The job that sends it in its time; null when somebody does by hand. */
  jobId: JobId | null
  by: ApiKeyId | null
}

/**
 * Takes a draft away in the transaction that queues its message: so it becomes one message, however many send it at once.
 * Answers what the log should know.
 */
export async function consumeDraft(
  tx: Tx,
  mailbox: MailboxId,
  sent: SentDraft,
): Promise<{ id: DraftId; createdBy: ApiKeyId | null; sentBy: ApiKeyId | null }> {
  const draft = await tx.drafts.get(mailbox, sent.id)
  if (!draft) throw notFound('draft')
  if (draft.jobId !== sent.jobId) refuseSending(draft)
  if (draft.generation !== sent.generation) throw new Failure('conflict', 'The draft was changed while it was sent')
  await erase(tx, draft)
  return { id: draft.id, createdBy: draft.createdBy, sentBy: sent.by }
}

/** A draft on its way can be neither changed nor stopped. */
export function refuseSending(draft: Draft): void {
  if (draft.sendStatus === 'sending') throw new Failure('conflict', 'The draft is being sent')
}

/** Each time set has a job of its own, which goes with it: a job that finds its draft under another one has nothing to do. */
async function schedule(tx: Tx, draft: Draft, { sendAt, by }: Timing) {
  if (draft.jobId) await tx.jobs.done(draft.jobId)
  if (sendAt === null) return { sendAt, sendStatus: null, failure: null, jobId: null, scheduledBy: null }
  const { id: draftId, orgId, mailboxId } = draft
  const jobId = await tx.jobs.add({ kind: 'send-draft', orgId, mailboxId, draftId }, sendAt)
  return { sendAt, sendStatus: 'scheduled' as const, failure: null, jobId, scheduledBy: by }
}

async function erase(tx: Tx, draft: Draft): Promise<void> {
  if (draft.jobId) await tx.jobs.done(draft.jobId)
  await tx.drafts.delete(draft.id)
  await deleteBytes(tx, draft.attachments)
  await tx.mailboxes.count(draft.mailboxId, { sizeBytes: -sizeOf(draft.attachments) })
}

/** No two states of a draft have the same time: so it tells which one somebody has read. */
export function nextVersion(tx: Tx, { generation, updatedAt }: Draft): Pick<Draft, 'generation' | 'updatedAt'> {
  return { generation: generation + 1, updatedAt: Math.max(tx.now, updatedAt + 1) }
}

async function deleteBytes(tx: Tx, files: DraftAttachment[]): Promise<void> {
  if (files.length === 0) return
  await tx.jobs.add({ kind: 'delete-blobs', keys: files.map((file) => file.blobKey) }, tx.now)
}

function sizeOf(files: readonly DraftAttachment[]): number {
  return files.reduce((sum, file) => sum + file.sizeBytes, 0)
}

/** Writes what became of a draft into the log. */
export async function tell(
  tx: Tx,
  { id, orgId, mailboxId, threadId }: Draft,
  type: EventType,
  payload: Record<string, unknown>,
): Promise<void> {
  await tx.events.append({ orgId, mailboxId, threadId, messageId: null, type, payload: { draftId: id, ...payload } })
}
