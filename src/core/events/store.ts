import type { EventId, MailboxId, OrgId } from '../ids.ts'
import type { Page, PageRequest } from '../paging.ts'
import type { LoggedEvent, NewEvent } from './model.ts'

export interface EventReader {
  /** Entries behind `seq`, in order. */
  after(seq: number, limit: number, org?: OrgId): Promise<LoggedEvent[]>
  /** What was not let into a mailbox since a time, newest first. */
  drops(mailbox: MailboxId, since: number, page: PageRequest): Promise<Page<LoggedEvent>>
  /** The position of an entry of this organization. */
  seqOf(org: OrgId, id: EventId): Promise<number | undefined>
  /** Entries of one mailbox that tell of labels: those from `seq` on, inclusive, or before it where the order is newest first. */
  labelings(
    mailbox: MailboxId,
    page: { from: number | null; ascending: boolean; limit: number },
  ): Promise<LoggedEvent[]>
  /** The newest position, 0 in an empty log. */
  position(): Promise<number>
  /** Calls back after commits that may have added entries, in this process or (on PostgreSQL) in another. The answer unsubscribes. */
  onAppend(listener: () => void): () => void
}

export interface EventWriter extends Pick<EventReader, 'after' | 'position'> {
  append(event: NewEvent): Promise<void>
}
