import { notFound } from '../errors.ts'
import type { Tx } from '../store.ts'
import type { SubmissionCredential } from './model.ts'

/** Gives a mailbox a credential. From this commit on the one before opens nothing. */
export async function setCredential(tx: Tx, input: Omit<SubmissionCredential, 'createdAt'>): Promise<void> {
  if (!(await tx.mailboxes.get(input.orgId, input.mailboxId))) throw notFound('mailbox')
  await tx.submission.put({ ...input, createdAt: tx.now })
}
