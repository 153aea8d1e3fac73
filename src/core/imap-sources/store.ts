import type { ImapSourceId, MailboxId, OrgId } from '../ids.ts'
import type { Page, PageRequest } from '../paging.ts'
import type { ImapPosition, ImapSource } from './model.ts'

export interface ImapSourceReader {
  get(mailbox: MailboxId, id: ImapSourceId): Promise<ImapSource | undefined>
  /** Oldest first. */
  list(mailbox: MailboxId, page: PageRequest): Promise<Page<ImapSource>>
  /** How many each mailbox has; those without any are left out. */
  counts(mailboxes: readonly MailboxId[]): Promise<Map<MailboxId, number>>
  /** The earliest time at which there is something to fetch outside these organizations. */
  nextDue(except: readonly OrgId[]): Promise<number | undefined>
}

export interface ImapSourceWriter extends ImapSourceReader {
  exists(id: ImapSourceId): Promise<boolean>
  /** False when the mailbox has this host, username and folder already; nothing is written then. */
  insert(source: ImapSource): Promise<boolean>
  /** Writes all but its identity; false as with `insert`. */
  update(source: ImapSource): Promise<boolean>
  delete(id: ImapSourceId): Promise<void>
  deleteOfMailbox(mailbox: MailboxId): Promise<void>
  /** Holds the row of this source until the end of the transaction. */
  hold(id: ImapSourceId): Promise<ImapSource | undefined>
  /** Takes up to `limit` due sources: each is nobody else's until `leaseUntil`. */
  claim(now: number, lease: string, leaseUntil: number, limit: number, except: readonly OrgId[]): Promise<ImapSource[]>
  /** Takes this one, due or not; undefined when somebody else holds it or it is gone. */
  claimOne(now: number, lease: string, leaseUntil: number, id: ImapSourceId): Promise<ImapSource | undefined>
  move(id: ImapSourceId, position: ImapPosition): Promise<void>
  /** Gives back what is held under this lease, or under any (null), due as it was before. */
  release(lease: string | null): Promise<void>
}
