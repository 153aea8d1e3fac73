import type { ProjectReader, ProjectWriter } from './accounts/project-store.ts'
import type { AccountReader, AccountWriter } from './accounts/store.ts'
import type { CommandInput, CommandName, CommandOutput } from './commands.ts'
import type { DkimKeyReader, DkimKeyWriter } from './domains/dkim-keys/store.ts'
import type { DomainReader, DomainWriter } from './domains/store.ts'
import type { DraftReader, DraftWriter } from './drafts/store.ts'
import type { EventReader, EventWriter } from './events/store.ts'
import type { IdempotencyWriter } from './idempotency/store.ts'
import type { ImapSourceReader, ImapSourceWriter } from './imap-sources/store.ts'
import type { JobReader, JobWriter } from './jobs/store.ts'
import type { ListReader, ListWriter } from './lists/store.ts'
import type { MailboxReader, MailboxWriter } from './mailboxes/store.ts'
import type { MessageReader, MessageWriter } from './messages/store.ts'
import type { OutboundReader, OutboundWriter } from './outbound/store.ts'
import type { SignUpReader, SignUpWriter } from './sign-up/store.ts'
import type { StatisticsReader, StatisticsWriter } from './statistics/store.ts'
import type { SubmissionReader, SubmissionWriter } from './submission/store.ts'
import type { SuppressionReader, SuppressionWriter } from './suppressions/store.ts'
import type { ThreadReader, ThreadWriter } from './threads/store.ts'
import type { WebhookReader, WebhookWriter } from './webhooks/store.ts'

/** What can be looked up at any time, outside a transaction. */
export interface Reader {
  accounts: AccountReader
  projects: ProjectReader
  domains: DomainReader
  dkimKeys: DkimKeyReader
  mailboxes: MailboxReader
  messages: MessageReader
  threads: ThreadReader
  drafts: DraftReader
  outbound: OutboundReader
  suppressions: SuppressionReader
  lists: ListReader
  submission: SubmissionReader
  events: EventReader
  jobs: JobReader
  webhooks: WebhookReader
  statistics: StatisticsReader
  signUps: SignUpReader
  imapSources: ImapSourceReader
}

/** A transaction: what a command may read and write. Nothing else may be awaited inside one. */
export interface Tx {
  /** The time of the call, epoch milliseconds. */
  now: number
  /** Lets one transaction at a time go on under this name, for what must be read and then written without another in between. */
  hold(name: string): Promise<void>
  accounts: AccountWriter
  projects: ProjectWriter
  domains: DomainWriter
  dkimKeys: DkimKeyWriter
  mailboxes: MailboxWriter
  messages: MessageWriter
  threads: ThreadWriter
  drafts: DraftWriter
  outbound: OutboundWriter
  suppressions: SuppressionWriter
  lists: ListWriter
  submission: SubmissionWriter
  events: EventWriter
  jobs: JobWriter
  idempotency: IdempotencyWriter
  webhooks: WebhookWriter
  statistics: StatisticsWriter
  signUps: SignUpWriter
  imapSources: ImapSourceWriter
}

/**
 * The rows. Reads go to `read`; every write is a named command of `commands.ts`, which the store runs in a transaction of its own,
 * durable when the promise resolves. A command that throws leaves nothing behind; a `Failure` comes back as a `Failure`.
 * On SQLite the commands run in a worker thread, many in one commit; so inputs and outputs must survive a structured clone.
 */
export interface Store extends AsyncDisposable {
  read: Reader
  run<K extends CommandName>(name: K, input: CommandInput<K>): Promise<CommandOutput<K>>
  /** Throws when the store does not answer. */
  ping(): Promise<void>
  /**
   * Counts this process among those that work on the queues, as long as the store is open. `whenAlone` runs first when there is
   * certainly no other, and none can join meanwhile; a store that cannot be certain never runs it.
   */
  joinWorkers(whenAlone: () => Promise<unknown>): Promise<void>
}

/** Bytes by key, durable when `put` resolves. Keys are made by `newBlobKey` and never used twice. */
export interface BlobStore extends AsyncDisposable {
  put(key: string, bytes: Uint8Array): Promise<void>
  /** A blob is on its way: whatever must be started for it can be started now. */
  expect?(): void
  get(key: string): Promise<Buffer | undefined>
  /** Deleting what is not there is no error. */
  delete(keys: string[]): Promise<void>
  /** A page of the keys of blobs put before `olderThan` (epoch ms), in their order, from `cursor` (null: the first). */
  list?(olderThan: number, cursor: string | null): Promise<BlobList>
  /** Throws when the store does not answer. */
  ping(): Promise<void>
}

/** `next` is the cursor of the following page, null after the last. A page may be empty and not the last. */
export interface BlobList {
  keys: string[]
  next: string | null
}
