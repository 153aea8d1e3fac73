import type { Reach } from '../accounts/caller.ts'
import type { MailboxId, ThreadId } from '../ids.ts'
import type { Including } from '../messages/hiding.ts'
import type { Part } from '../messages/model.ts'
import type { Page, PageRequest } from '../paging.ts'
import type { Thread } from './model.ts'

/**
 * Everything given must hold. Texts match as substrings without case. What is included shows threads too whose messages are all
 * hidden, when one of them is hidden by nothing else.
 */
export interface ThreadFilter extends Including {
  labels?: string[]
  before?: number
  after?: number
  subject?: string[]
  senders?: string[]
  recipients?: string[]
  /** Only those with an unread message, with a received one, with a sent one. */
  unread?: boolean
  received?: boolean
  sent?: boolean
  /** Only those with a message of this kind; for the first four the matching `include` must be set too. */
  spam?: boolean
  blocked?: boolean
  unauthenticated?: boolean
  trashed?: boolean
  bounced?: boolean
  opened?: boolean
}

export interface ThreadReader {
  get(mailbox: MailboxId, id: ThreadId): Promise<Thread | undefined>
  /** A thread of a living mailbox within this reach. */
  within(reach: Reach, id: ThreadId): Promise<Thread | undefined>
  /** Of living mailboxes, latest activity first, ties by id. */
  list(reach: Reach, filter: ThreadFilter, page: PageRequest): Promise<Page<Thread>>
  /** The attachments of those messages of each thread that lists show, oldest first. */
  parts(ids: ThreadId[]): Promise<Map<ThreadId, Part[]>>
}

export interface ThreadWriter extends ThreadReader {
  insert(thread: Thread): Promise<void>
  /** Writes every field of the thread but its identity. */
  update(thread: Thread): Promise<void>
  delete(id: ThreadId): Promise<void>
}
