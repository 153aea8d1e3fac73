import type { ApiKeyId, DraftId, JobId, MailboxId, MessageId, OrgId, PartId, ThreadId } from '../ids.ts'
import type { MailboxAddress, Part } from '../messages/model.ts'

/** Fixed when the draft is made: what it will be sent as. */
export type DraftKind = 'plain' | 'reply' | 'forward'

/**
 * `scheduled`: waits for its time. `sending`: its time has come and it is on its way into the queue. `failed`: it was refused then,
 * and is an ordinary draft again.
 */
export type SendStatus = 'scheduled' | 'sending' | 'failed'

/** A message that is not sent yet, without its bodies: what lists show. */
export interface Draft {
  id: DraftId
  orgId: OrgId
  mailboxId: MailboxId
  /** Of that mailbox, for those who know it by its address. */
  mailboxAddress: string
  /** The maker's own name for it, unique among the drafts of the organization. */
  clientId: string | null
  kind: DraftKind
  /** The message that a reply answers, or that a forward sends on; it may be gone by now. */
  original: { id: MessageId; messageId: string } | null
  /** Of a reply: its place in the conversation, as it was when the draft was made. */
  inReplyTo: string | null
  references: string[]
  threadId: ThreadId | null
  to: MailboxAddress[]
  cc: MailboxAddress[]
  bcc: MailboxAddress[]
  replyTo: MailboxAddress[]
  subject: string | null
  preview: string | null
  labels: string[]
  attachments: DraftAttachment[]
  sendAt: number | null
  sendStatus: SendStatus | null
  /** Why it failed, in words for the one who scheduled it. */
  failure: string | null
  /** The job that sends it: set while it is scheduled or sending. */
  jobId: JobId | null
  /** Grows with every change, so that what is sent is what was read. */
  generation: number
  /** The keys that made and scheduled it; null for the root key. */
  createdBy: ApiKeyId | null
  scheduledBy: ApiKeyId | null
  createdAt: number
  /** Of no other state of this draft. */
  updatedAt: number
}

export interface FullDraft extends Draft {
  text: string | null
  html: string | null
}

/** A file of a draft. Its bytes are a blob that nothing else refers to. */
export interface DraftAttachment extends Pick<Part, 'filename' | 'contentType' | 'contentId' | 'sizeBytes' | 'sha256'> {
  id: PartId
  disposition: 'attachment' | 'inline'
  blobKey: string
}
