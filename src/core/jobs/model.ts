import type { JobId, MailboxId } from '../ids.ts'

/** What a job does, and what it needs to know. */
export type JobTask = { kind: 'purge-mailbox'; mailboxId: MailboxId } | { kind: 'delete-blobs'; keys: string[] }

/** A durable unit of later work. It runs at least once: leased while it runs, tried again when it fails. */
export interface Job {
  id: JobId
  task: JobTask
  runAt: number
  attempts: number
}
