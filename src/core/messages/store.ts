import type { Reach } from '../accounts/caller.ts'
import type { MailboxId, MessageId, OrgId, PartId, ThreadId } from '../ids.ts'
import type { Page, PageRequest } from '../paging.ts'
import type { Including } from './hiding.ts'
import type { OneMessageFilter } from './matches.ts'
import type { Direction, Message, MessageContent, OutboundStatus, Part } from './model.ts'

/** Everything given must hold. Texts match as substrings without case. */
export interface MessageFilter extends Including {
  labels?: string[]
  direction?: Direction
  status?: OutboundStatus
  /** Not seen, or labelled `unread` by its owner. */
  unread?: boolean
  threadId?: ThreadId
  /** Exclusive bounds on `at`. */
  before?: number
  after?: number
  from?: string[]
  /** Among all recipients: To, Cc and Bcc. */
  to?: string[]
  subject?: string[]
  /** Only those with the flag; the matching `include` must be set too. */
  spam?: boolean
  blocked?: boolean
  unauthenticated?: boolean
  trashed?: boolean
  hasCode?: boolean
  hasLink?: boolean
}

/** Which message comes next. */
export interface NextFilter extends OneMessageFilter {
  /** Only what had not been handed out when the mailbox's fetch count was this. */
  unfetchedAt?: number
}

/** What a received message is called beside its id: a number in the domain of its mailbox. */
export interface Placed {
  domain: string
  uid: number
}

/** Whose sent messages. */
export type SentWithin = { orgId: OrgId } | { mailboxId: MailboxId; threadId?: ThreadId }

export interface MessageReader {
  get(mailbox: MailboxId, id: MessageId): Promise<Message | undefined>
  /** By the Message-ID field, brackets included, exact. */
  byMessageId(mailbox: MailboxId, messageId: string): Promise<Message | undefined>
  /** Those of the ids and Message-IDs that are there, in any order. */
  find(mailbox: MailboxId, ids: MessageId[], messageIds: string[]): Promise<Message[]>
  /** Newest first by `at`, ties by id. */
  list(mailbox: MailboxId, filter: MessageFilter, page: PageRequest): Promise<Page<Message>>
  /** The oldest inbound message that matches. */
  next(mailbox: MailboxId, filter: NextFilter): Promise<Message | undefined>
  /** The newest shown ones of one direction of all mailboxes within reach, and whether they were handed out as new before. */
  newest(reach: Reach, direction: Direction, limit: number): Promise<{ message: Message; fetched: boolean }[]>
  /** The received message with this number, if its mailbox is this organization's and alive. */
  byUid(org: OrgId, place: Placed): Promise<{ id: MessageId; mailboxId: MailboxId } | undefined>
  uids(ids: readonly MessageId[]): Promise<Map<MessageId, Placed>>
  /** How often messages of this mailbox were handed out as new. */
  fetchCount(mailbox: MailboxId): Promise<number>
  /** Oldest first, everything, hidden ones too. */
  ofThread(thread: ThreadId): Promise<Message[]>
  /** In the order of the ids; what is not there is left out. Whose they are was decided where the ids came from. */
  withIds(ids: MessageId[]): Promise<Message[]>
  content(id: MessageId): Promise<MessageContent | undefined>
  contents(ids: MessageId[]): Promise<Map<MessageId, MessageContent>>
  /** How large these are, raw; what is not there is left out. */
  sizes(ids: MessageId[]): Promise<Map<MessageId, number>>
  /** When the nth latest outbound message since a time (inclusive) was sent, 1 being the latest: what pace limits look at. */
  nthLatestSent(within: SentWithin, since: number, n: number): Promise<number | undefined>
  /** A part whose message's mailbox is alive, with the blob its bytes are in. */
  part(org: OrgId, id: PartId): Promise<{ part: Part; blobKey: string } | undefined>
  /** Those of up to 1000 blob keys that anything refers to: messages, deliveries, captured mails, drafts. */
  referencedBlobs(keys: string[]): Promise<Set<string>>
  /** Every blob that anything refers to, by key, behind `after`, with the SHA-256 (hex) that its bytes must have. */
  blobsAfter(after: string, limit: number): Promise<{ key: string; sha256: string }[]>
}

export interface MessageWriter extends MessageReader {
  insert(message: Message, content: MessageContent): Promise<void>
  /** Numbers received messages. To be the last thing in its transaction: it holds the numbers of whole domains. */
  assignUids(copies: { mailboxId: MailboxId; messageId: MessageId }[]): Promise<void>
  /** The threads of stored messages with these Message-IDs in one mailbox. */
  threadsOf(mailbox: MailboxId, messageIds: string[]): Promise<Map<string, ThreadId>>
  /** Replaces the user labels and the flags that a person may change. */
  updateFlags(
    message: Pick<
      Message,
      | 'id'
      | 'labels'
      | 'seen'
      | 'flagged'
      | 'handled'
      | 'spam'
      | 'blocked'
      | 'unauthenticated'
      | 'trashed'
      | 'updatedAt'
    >,
  ): Promise<void>
  /** Marks these as handed out, under the next fetch count of their mailbox; those that were handed out before keep theirs. */
  markFetched(mailbox: MailboxId, ids: MessageId[]): Promise<void>
  updateStatus(id: MessageId, status: OutboundStatus, at: number): Promise<void>
  /** Erases messages with contents, parts, labels, deliveries; answers the blob keys that nothing refers to any more. */
  delete(ids: MessageId[]): Promise<string[]>
}
