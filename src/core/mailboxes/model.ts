import type { MailboxId, OrgId, ProjectId } from '../ids.ts'

/** Where mail is kept: an agent's inbox, a hook inbox, a disposable inbox, a team's shared mailbox. */
export interface Mailbox {
  id: MailboxId
  orgId: OrgId
  projectId: ProjectId
  /** The primary address, ASCII domain, lower-case: `localPart@domain`. */
  address: string
  localPart: string
  domain: string
  displayName: string | null
  /** The maker's own name for it, unique among the live mailboxes of the organization. */
  clientId: string | null
  /** A disabled mailbox keeps its mail and refuses more. */
  enabled: boolean
  /** Live counts: messages that a default list shows, threads with one of them, and bytes of everything kept. */
  messageCount: number
  threadCount: number
  sizeBytes: number
  createdAt: number
  updatedAt: number
}

/** `primary` is the mailbox's own; the rest lead to it. */
export type AddressKind = 'primary' | 'alias' | 'hook' | 'catch_all'

/** Text that leads to a mailbox. Unique over the server, kept lower-case. */
export interface Address {
  address: string
  mailboxId: MailboxId
  orgId: OrgId
  kind: AddressKind
  createdAt: number
}
