import type { DeliveryId, DraftId, JobId, MailboxId, MessageId, OrgId } from '../ids.ts'

/** What a job does, and what it needs to know. */
export type JobTask =
  | { kind: 'purge-mailbox'; mailboxId: MailboxId }
  | { kind: 'delete-blobs'; keys: string[] }
  | SendDsn
  | SweepBlobs
  | RecheckDomains
  | SweepExpired
  | ExpireMailboxes
  | SendDraft

/** The sender is to hear of deliveries of one message that are late, or of all that have failed and were not reported yet. */
export type SendDsn = {
  kind: 'send-dsn'
  orgId: OrgId
  mailboxId: MailboxId
  messageId: MessageId
} & ({ action: 'delayed'; deliveryIds: DeliveryId[] } | { action: 'failed' })

/** Looks for blobs that no row refers to; `cursor` is where it goes on, null for the beginning. */
export interface SweepBlobs {
  kind: 'sweep-blobs'
  cursor: string | null
  /** What this walk and the one before have found so far; absent before the first. */
  found?: BlobTally
  before?: BlobTally
}

/** Blobs that a row refers to, and those without. */
export interface BlobTally {
  used: number
  orphans: number
}

/** Looks at the records of those domains whose day is over. */
export interface RecheckDomains {
  kind: 'recheck-domains'
}

/** Erases messages that have outlived what their mailboxes keep; `after` is the mailbox behind which it goes on. */
export interface SweepExpired {
  kind: 'sweep-expired'
  after: string
}

/** Deletes the mailboxes whose time is over. */
export interface ExpireMailboxes {
  kind: 'expire-mailboxes'
}

/** The time of a scheduled draft has come. Each scheduling has a job of its own. */
export interface SendDraft {
  kind: 'send-draft'
  orgId: OrgId
  mailboxId: MailboxId
  draftId: DraftId
}

/** A durable unit of later work. It runs at least once: leased while it runs, tried again when it fails. */
export interface Job {
  id: JobId
  task: JobTask
  runAt: number
  attempts: number
}
