import type { Reach } from '../accounts/caller.ts'
import type { MailboxId, OrgId } from '../ids.ts'
import type { Page, PageRequest } from '../paging.ts'
import type { Address, Mailbox, MailboxPolicy } from './model.ts'

/** By when it was made unless asked otherwise; by name there is no cursor. */
export interface MailboxPage extends PageRequest {
  by?: 'name'
}

/** Deleted mailboxes, and those whose time is over, are never seen through these, although their rows may still be there. */
export interface MailboxReader {
  get(org: OrgId, id: MailboxId): Promise<Mailbox | undefined>
  /** By exact address over the whole server: lower-case, ASCII domain. */
  byAddress(address: string): Promise<Mailbox | undefined>
  byClientId(org: OrgId, clientId: string): Promise<Mailbox | undefined>
  /** Those that are there, by id. */
  withIds(ids: MailboxId[]): Promise<Map<MailboxId, Mailbox>>
  /** Newest first, ties by id. */
  list(reach: Reach, page: MailboxPage): Promise<Page<Mailbox>>
  /** Those that only wait to be deleted because their time is over, the longest overdue first. */
  expired(limit: number): Promise<Pick<Mailbox, 'orgId' | 'id'>[]>
  /** Where mailboxes are, deleted ones too until the purge. */
  placesOf(ids: readonly MailboxId[]): Promise<Map<MailboxId, Pick<Mailbox, 'projectId' | 'address'>>>
  /**
   * Up to `limit` that have every word somewhere in their address or display name, newest first. Words are lower-case; those beyond
   * ASCII may be overlooked.
   */
  search(reach: Reach, words: string[], limit: number): Promise<Mailbox[]>
  /** True when this organization has a mailbox whose primary address is in this domain, or in one below it. */
  anyIn(org: OrgId, domain: string, options: { below: boolean }): Promise<boolean>
}

export interface MailboxWriter extends MailboxReader {
  /** One whose time is over and that is not deleted yet. */
  takeExpired(org: OrgId, id: MailboxId): Promise<Mailbox | undefined>
  /** Throws nothing on a clash. After one the transaction must not go on. */
  insert(mailbox: Mailbox, address: Address): Promise<'inserted' | 'address_taken' | 'id_taken'>
  /** Another address that leads to a mailbox, in the place of where it led before. */
  putAddress(address: Address): Promise<void>
  /** False when there is none. */
  removeAddress(address: string): Promise<boolean>
  /** Keeps the selector of a hook address for ever; false when some address has it or had it. */
  claimSelector(selector: string, now: number): Promise<boolean>
  update(
    mailbox: Pick<Mailbox, 'id' | 'displayName' | 'enabled' | 'metadata' | 'policy' | 'expiresAt' | 'updatedAt'>,
  ): Promise<void>
  /** Frees the addresses that other organizations have in this domain; their mailboxes keep their mail and get no more. */
  releaseAddresses(domain: string, except: OrgId): Promise<void>
  /** Hides the mailbox and frees its addresses; its contents are erased by the purge. */
  markDeleted(id: MailboxId, at: number): Promise<void>
  /** Holds the row and hands out the next strictly increasing time of this mailbox: `now`, or one more than the last. */
  nextTime(id: MailboxId, now: number): Promise<number | undefined>
  /** Like `nextTime`, with what the mailbox takes at this moment. */
  intake(id: MailboxId, now: number): Promise<{ at: number; policy: MailboxPolicy } | undefined>
  /** Adds to the live counts; parts may be negative. */
  count(id: MailboxId, change: { messages?: number; threads?: number; sizeBytes?: number }): Promise<void>
  /**
   * Erases up to `limit` messages of a deleted mailbox with all that hangs on them, and at last the mailbox row itself.
   * Answers the blob keys that nothing refers to any more, and whether it is done.
   */
  purge(id: MailboxId, limit: number): Promise<{ blobs: string[]; done: boolean }>
}
