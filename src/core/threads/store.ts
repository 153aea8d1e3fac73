import type { MailboxId, ThreadId } from '../ids.ts'
import type { Page, PageRequest } from '../paging.ts'
import type { Thread } from './model.ts'

export interface ThreadFilter {
  labels?: string[]
  before?: number
  after?: number
  subject?: string
  senders?: string[]
  recipients?: string[]
  /** Shows threads whose messages are all spam, blocked or in the trash. */
  includeHidden?: boolean
}

export interface ThreadReader {
  get(mailbox: MailboxId, id: ThreadId): Promise<Thread | undefined>
  /** Latest activity first, ties by id. */
  list(mailbox: MailboxId, filter: ThreadFilter, page: PageRequest): Promise<Page<Thread>>
}

export interface ThreadWriter extends ThreadReader {
  insert(thread: Thread): Promise<void>
  /** Writes every field of the thread but its identity. */
  update(thread: Thread): Promise<void>
  delete(id: ThreadId): Promise<void>
}
