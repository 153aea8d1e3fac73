import type { MailboxId, MessageId, OrgId } from '../ids.ts'

export interface SearchQuery {
  orgId: OrgId
  /** Without one, all mailboxes of the organization. */
  mailboxId?: MailboxId
  /** What a person typed. Every word of it must begin a word of the message. */
  text: string
  /** Exclusive bounds on `at`. */
  before?: number
  after?: number
  limit: number
  offset?: number
}

/** The words of messages. It follows the event log behind the commits, at most a second late, and is never ahead of the rows. */
export interface Search extends AsyncDisposable {
  /** The best matches first. The rows decide what of them may still be shown. */
  find(query: SearchQuery): Promise<MessageId[]>
  /** Resolves when everything that was committed before the call can be found. */
  caughtUp(): Promise<void>
}

/** The words of one message. */
export interface SearchEntry {
  id: MessageId
  orgId: OrgId
  mailboxId: MailboxId
  at: number
  subject: string
  /** Names and addresses of everybody in the header fields. */
  people: string
  body: string
}

/** One step of an index along the event log. */
export interface SearchStep {
  /** Where the index must stand: two followers never take the same step. */
  from: number
  to: number
  add: SearchEntry[]
  remove: MessageId[]
  removeMailboxes: MailboxId[]
}

/** An index as its follower sees it. */
export interface SearchIndex {
  /** How far in the event log it has come. */
  position(): Promise<number>
  /** All of the step and its end position, or nothing. Adding what is there replaces it. */
  take(step: SearchStep): Promise<void>
}
