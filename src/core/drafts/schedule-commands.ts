import type { DraftId, JobId, MailboxId } from '../ids.ts'
import type { Tx } from '../store.ts'
import { nextVersion, tell } from './commands.ts'
import type { FullDraft } from './model.ts'

/** A scheduled draft, and the job that its time started. */
export interface DueDraft {
  mailboxId: MailboxId
  id: DraftId
  jobId: JobId
}

/**
 * Its time has come: nobody changes the draft from now on. Undefined when it is gone, or has another time by now.
 * A job that was broken off finds it as it left it.
 */
export async function beginSending(tx: Tx, due: DueDraft): Promise<FullDraft | undefined> {
  return change(tx, due, { sendStatus: 'sending' })
}

/** It could not be sent now: until the job runs again, it waits as before. */
export async function putOffDraft(tx: Tx, due: DueDraft): Promise<void> {
  await change(tx, due, { sendStatus: 'scheduled' })
}

/** It was refused: it stays, with the reason, until somebody does something about it. */
export async function failDraft(tx: Tx, due: DueDraft & { reason: string }): Promise<void> {
  const failed = await change(tx, due, { sendStatus: 'failed', failure: due.reason, jobId: null })
  if (failed) await tell(tx, failed, 'draft.failed', { reason: due.reason })
}

async function change(
  tx: Tx,
  { mailboxId, id, jobId }: DueDraft,
  to: Pick<Partial<FullDraft>, 'sendStatus' | 'failure' | 'jobId'>,
): Promise<FullDraft | undefined> {
  const draft = await tx.drafts.get(mailboxId, id)
  if (draft?.jobId !== jobId) return undefined
  const changed: FullDraft = { ...draft, ...to, ...nextVersion(tx, draft) }
  await tx.drafts.update(changed)
  return changed
}
