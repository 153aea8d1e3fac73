import type { FoundCode } from '../../protocol/reading/codes.ts'
import type { FoundLink } from '../../protocol/reading/links.ts'
import type { Risk } from '../../protocol/reading/risk.ts'
import type { ImapSourceId, MailboxId, MessageId, OrgId, PartId, ThreadId } from '../ids.ts'

/** A name and an address as a header field shows them. */
export interface MailboxAddress {
  name: string | null
  address: string
}

/** What the SMTP session said (RFC 5321 §2.3.1). */
export interface Envelope {
  /** Empty for the null sender. */
  mailFrom: string
  /** The recipient that led to this mailbox, as given. Other recipients are nobody's business. */
  rcptTo: string[]
  helo: string | null
  remoteAddress: string | null
  /** Protocol and cipher, or null in the clear. */
  tls: string | null
  /** Set when it was fetched instead: the source it came through. */
  imapSourceId?: ImapSourceId
}

export interface Authentication {
  spf: { result: string; domain: string | null; explanation: string | null }
  dkim: {
    result: string
    domain: string | null
    selector: string | null
    algorithm: string | null
    reason: string | null
  }[]
  dmarc: { result: string; policy: string | null; domain: string | null }
  arc: { result: string }
}

/** Something odd about the bytes, by a name such as `missing-boundary`. */
export interface Defect {
  code: string
  detail?: string
}

export type Direction = 'inbound' | 'outbound'
export type Source = 'smtp' | 'local' | 'push' | 'imap' | 'api' | 'submission'
/** Of an outbound message as a whole; inbound has none. */
export type OutboundStatus = 'queued' | 'sent' | 'delivered' | 'bounced' | 'complained' | 'rejected'

/** One copy of a mail in one mailbox, without its bodies: what lists show. */
export interface Message {
  id: MessageId
  orgId: OrgId
  mailboxId: MailboxId
  threadId: ThreadId
  direction: Direction
  source: Source
  status: OutboundStatus | null
  /** The Message-ID field with its brackets, unique in the mailbox: a clash or a lack is filled with one of ours. */
  messageId: string
  from: MailboxAddress[]
  to: MailboxAddress[]
  cc: MailboxAddress[]
  /** Outbound: as asked for. Inbound: empty. */
  bcc: MailboxAddress[]
  replyTo: MailboxAddress[]
  subject: string | null
  preview: string | null
  inReplyTo: string | null
  references: string[]
  /** When this server took it, strictly increasing per mailbox: the order of every list. */
  at: number
  /** The Date field, for what it is worth. */
  sentAt: number | null
  /** Of the raw bytes. */
  sizeBytes: number
  sha256: string
  /** Where the raw bytes are. */
  blobKey: string
  seen: boolean
  flagged: boolean
  handled: boolean
  /** When it was handled last; null while it waits. */
  handledAt: number | null
  spam: boolean
  blocked: boolean
  /** Inbound: nobody vouches for its author, and the author's domain asks not to believe such mail. */
  unauthenticated: boolean
  trashed: boolean
  /** Inbound: a one-time code was found in it. */
  hasCode: boolean
  /** Inbound: a web link was found in it that does more than unsubscribe. */
  hasLink: boolean
  /** Outbound: its picture was asked for, so somebody saw it. */
  opened: boolean
  /** User labels in the order they were set. */
  labels: string[]
  attachments: Part[]
  createdAt: number
  updatedAt: number
}

/** The flags of a message that is made here. */
export const sentFlags = {
  seen: true,
  flagged: false,
  handled: false,
  handledAt: null,
  spam: false,
  blocked: false,
  unauthenticated: false,
  trashed: false,
  hasCode: false,
  hasLink: false,
  opened: false,
} as const

/** What only the full view needs, kept beside the row so that lists stay light. */
export interface MessageContent {
  text: string | null
  html: string | null
  extractedText: string | null
  extractedHtml: string | null
  /** Inbound: all fields received, decoded, in order. Outbound: the custom ones. */
  headers: { name: string; value: string }[]
  envelope: Envelope | null
  authentication: Authentication | null
  defects: Defect[]
  /** Inbound: one-time codes, best first. */
  codes: FoundCode[]
  /** Inbound: web links, those that confirm, reset or sign in first. */
  links: FoundLink[]
  /** Inbound: what an agent should know before it believes the words. Null when nobody looked. */
  risk: Risk | null
}

/** A leaf of the message that is not its body: a descriptor of a byte range of the raw blob, so nothing is stored twice. */
export interface Part {
  id: PartId
  /** Display name only, never a path. */
  filename: string | null
  contentType: string
  disposition: 'attachment' | 'inline' | null
  contentId: string | null
  /** Decoded size and hash. */
  sizeBytes: number
  sha256: string
  /** The encoded body inside the raw message. */
  offset: number
  length: number
  encoding: string
}
