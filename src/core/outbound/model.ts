import type { CapturedId, DeliveryId, JobId, MailboxId, MessageId, OrgId } from '../ids.ts'

/**
 * `queued`: waits for its time. `sending`: claimed by a worker until its lease ends. `sent`: a relay took it over.
 * `delivered`: the recipient's own server (or ours) said yes. `captured`: kept by the sandbox. `failed`: given up.
 * `suppressed`: never tried, on record why. `cancelled`: stopped by an operator or with its mailbox.
 */
export type DeliveryStatus =
  | 'queued'
  | 'sending'
  | 'sent'
  | 'delivered'
  | 'captured'
  | 'failed'
  | 'suppressed'
  | 'cancelled'

/** One try to hand a message over for one recipient. Codes are the peer's (RFC 5321 §4.2, RFC 3463), null when it said nothing. */
export interface Attempt {
  at: number
  host: string | null
  replyCode: number | null
  enhancedCode: string | null
  text: string
}

/** One recipient of one outbound message. Made in the same transaction as the message. */
export interface Delivery {
  id: DeliveryId
  orgId: OrgId
  mailboxId: MailboxId
  messageId: MessageId
  /** The reverse path to use. */
  mailFrom: string
  recipient: string
  /** Domain of the recipient, ASCII, lower-case: what routes and limits go by. */
  domain: string
  status: DeliveryStatus
  blobKey: string
  /** When it is due next; null when it never will be. */
  nextAttemptAt: number | null
  /** A claimed delivery is free again after this time. */
  leaseUntil: number | null
  attemptCount: number
  attempts: Attempt[]
  /** When the sender was told that it is late; null until then. */
  delayToldAt: number | null
  /** Who reports its failure to the sender: nobody yet (`planned`), or the job that does; null when there is nothing to report. */
  failureNotice: 'planned' | JobId | null
  createdAt: number
  updatedAt: number
}

/** A mail to the outside world that the sandbox kept. */
export interface Captured {
  id: CapturedId
  orgId: OrgId
  mailboxId: MailboxId
  messageId: MessageId
  mailFrom: string
  recipients: string[]
  subject: string | null
  sizeBytes: number
  blobKey: string
  createdAt: number
}
