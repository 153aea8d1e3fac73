import type { MailboxId } from '../ids.ts'
import type { SubmissionCredential } from './model.ts'

export interface SubmissionReader {
  byUsername(username: string): Promise<SubmissionCredential | undefined>
  ofMailbox(mailbox: MailboxId): Promise<SubmissionCredential | undefined>
}

export interface SubmissionWriter extends SubmissionReader {
  /** In the place of the one before. */
  put(credential: SubmissionCredential): Promise<void>
  delete(mailbox: MailboxId): Promise<void>
}
