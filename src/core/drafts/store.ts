import type { Reach } from '../accounts/caller.ts'
import type { DraftId, MailboxId, OrgId, PartId } from '../ids.ts'
import type { Page, PageRequest } from '../paging.ts'
import type { Draft, DraftAttachment, FullDraft } from './model.ts'

/** Everything given must hold. */
export interface DraftFilter {
  labels?: string[]
  /** Only those that wait for their time, or are on their way. */
  scheduled?: boolean
  /** Exclusive bounds on `updatedAt`. */
  before?: number
  after?: number
}

export interface DraftReader {
  /** Inside the reach; drafts of a mailbox that is gone are gone. */
  find(reach: Reach, id: DraftId): Promise<FullDraft | undefined>
  /** Last changed first. */
  list(reach: Reach, filter: DraftFilter, page: PageRequest): Promise<Page<Draft>>
  /** A file whose draft's mailbox is alive. */
  attachment(org: OrgId, id: PartId): Promise<DraftAttachment | undefined>
}

export interface DraftWriter extends DraftReader {
  get(mailbox: MailboxId, id: DraftId): Promise<FullDraft | undefined>
  byClientId(org: OrgId, clientId: string): Promise<FullDraft | undefined>
  insert(draft: FullDraft): Promise<void>
  /** Replaces what can change, attachments included. */
  update(draft: FullDraft): Promise<void>
  delete(id: DraftId): Promise<void>
}
