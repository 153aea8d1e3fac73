import type { Reach } from '../accounts/caller.ts'
import type { MailboxId, MessageId, OrgId, PartId, ThreadId } from '../ids.ts'
import type { Mailbox } from '../mailboxes/model.ts'
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
  /** In the address alone of the first author. */
  sender?: string
  handled?: boolean
  /** Only those with the flag; the matching `include` must be set too. */
  spam?: boolean
  blocked?: boolean
  unauthenticated?: boolean
  trashed?: boolean
  hasCode?: boolean
  hasLink?: boolean
  /** Only those that somebody was seen to open. */
  opened?: boolean
}

/** What a list is ordered by; ties by id. */
export type MessageOrder = 'at' | 'sender' | 'subject' | 'size'

export interface MessagePage extends PageRequest {
  /** `at` when absent; the others know no cursor. */
  by?: MessageOrder
}

/** Received messages that lists show, counted. */
export interface Tally {
  messages: number
  unhandled: number
}

/** Which message comes next. */
export interface NextFilter extends OneMessageFilter {
  /** Only what had not been handed out when the mailbox's fetch count was this. */
  unfetchedAt?: number
}

/** Which messages a list of several mailboxes holds. */
export interface NewestFilter extends Including {
  direction: Direction
}

/** What a received message is called beside its id: a number in the domain of its mailbox. */
export interface Placed {
  domain: string
  uid: number
}

/** Texts that stand in sender, recipients or subject, each in any of them; case is ignored. */
export interface Mentions {
  texts: string[]
  /** Exclusive bounds on `at`. */
  before?: number
  after?: number
  limit: number
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
  list(mailbox: MailboxId, filter: MessageFilter, page: MessagePage): Promise<Page<Message>>
  /** For each of these mailboxes that has any: how many it holds that have not expired by `now`. */
  tally(mailboxes: MailboxId[], now: number): Promise<Map<MailboxId, Tally>>
  /** The oldest inbound message that matches. */
  next(mailbox: MailboxId, filter: NextFilter): Promise<Message | undefined>
  /** Messages that lists show and that hold all the texts, newest first; of very many only the newest are looked at. */
  mentioning(reach: Reach, asked: Mentions): Promise<MessageId[]>
  /** The newest of all mailboxes within reach, and whether they were handed out as new before. */
  newest(reach: Reach, filter: NewestFilter, limit: number): Promise<{ message: Message; fetched: boolean }[]>
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
  /** What each says: its text, else what was read from its HTML. */
  texts(ids: MessageId[]): Promise<Map<MessageId, string>>
  /** How large these are, raw; what is not there is left out. */
  sizes(ids: MessageId[]): Promise<Map<MessageId, number>>
  /** When the nth latest outbound message since a time (inclusive) was sent, 1 being the latest: what pace limits look at. */
  nthLatestSent(within: SentWithin, since: number, n: number): Promise<number | undefined>
  /** A part whose message's mailbox is alive, with the blob its bytes are in. */
  part(org: OrgId, id: PartId): Promise<StoredPart | undefined>
  /** Those of up to 1000 blob keys that anything refers to: messages, deliveries, captured mails, drafts. */
  referencedBlobs(keys: string[]): Promise<Set<string>>
  /** Every blob that anything refers to, by key, behind `after`, with the SHA-256 (hex) that its bytes must have. */
  blobsAfter(after: string, limit: number): Promise<{ key: string; sha256: string }[]>
}

/** A part, where its bytes are, and what says how long. */
export interface StoredPart {
  part: Part
  blobKey: string
  at: number
  mailbox: Pick<Mailbox, 'policy'>
}

export interface ExpiredMessage {
  mailboxId: MailboxId
  id: MessageId
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
      | 'handledAt'
      | 'spam'
      | 'blocked'
      | 'unauthenticated'
      | 'trashed'
      | 'updatedAt'
    >,
  ): Promise<void>
  setOpened(id: MessageId, at: number): Promise<void>
  /** Those of the mailbox that have one of these Message-IDs. */
  namedAs(mailbox: MailboxId, messageIds: [string, string]): Promise<Message[]>
  /** The first received messages of a mailbox that wait to be handled and came after `since`, oldest first. The mailbox is held. */
  firstUnhandled(mailbox: MailboxId, since: number, limit: number): Promise<MessageId[]>
  /** Sets (null clears) when these were handled. */
  setHandled(ids: MessageId[], handledAt: number | null, at: number): Promise<void>
  /**
   * Messages that have expired by `now`, of the next mailboxes behind `after` that expire at all; `next` is where to go on, null at
   * the end.
   */
  expired(after: string, now: number, limit: number): Promise<{ items: ExpiredMessage[]; next: string | null }>
  /** Marks these as handed out, under the next fetch count of their mailbox; those that were handed out before keep theirs. */
  markFetched(mailbox: MailboxId, ids: MessageId[]): Promise<void>
  updateStatus(id: MessageId, status: OutboundStatus, at: number): Promise<void>
  /** Erases messages with contents, parts, labels, deliveries; answers the blob keys that nothing refers to any more. */
  delete(ids: MessageId[]): Promise<string[]>
}
