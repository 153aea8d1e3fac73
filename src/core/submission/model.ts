import type { MailboxId, OrgId } from '../ids.ts'

/** What a mail client logs in with to send as one mailbox. Each mailbox has one at most. */
export interface SubmissionCredential {
  mailboxId: MailboxId
  orgId: OrgId
  username: string
  /** As `hashPassword` makes it; never the same twice, so it also tells one password from the next. */
  passwordHash: string
  createdAt: number
}
