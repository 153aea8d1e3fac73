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
  /** The maker's own notes: texts, numbers and booleans by name. */
  metadata: Metadata
  /** What it takes, and for how long it keeps it. */
  policy: MailboxPolicy
  /** From then on it is nowhere to be seen; null is never. */
  expiresAt: number | null
  /** A disabled mailbox keeps its mail and refuses more. */
  enabled: boolean
  /** Live counts: messages that a default list shows, threads with one of them, and bytes of everything kept. */
  messageCount: number
  threadCount: number
  sizeBytes: number
  /** The name of the key it was made with; null for those that are older than this. */
  createdBy: string | null
  createdAt: number
  updatedAt: number
}

export type Metadata = Record<string, string | number | boolean>

export interface MailboxPolicy {
  /** Addresses, lower-case; others' mail is taken and thrown away. Empty: everybody's is kept. */
  allowedSenders: string[]
  /** Also thrown away: mail that does not pass DMARC, since the author that it shows may be anybody's word. */
  requireAuthenticatedSender: boolean
  /** Shows mail that looks like spam, or whose author is not to be believed, among the rest: its reader looks nowhere else. */
  showsSuspects: boolean
  /** Keeps the same bytes once, even those of mails that have no Message-ID to know them by. */
  sameBytesOnce: boolean
  /** Null is the server's own limit. */
  maxMessageBytes: number | null
  maxAttachments: number | null
  /** Messages are gone so many days after they came; null is never. */
  retentionDays: number | null
}

/** Takes everything and keeps it. */
export const openPolicy: MailboxPolicy = {
  allowedSenders: [],
  requireAuthenticatedSender: false,
  showsSuspects: false,
  sameBytesOnce: false,
  maxMessageBytes: null,
  maxAttachments: null,
  retentionDays: null,
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
