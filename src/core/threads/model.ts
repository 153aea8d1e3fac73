import type { MailboxId, MessageId, OrgId, ThreadId } from '../ids.ts'
import type { MailboxAddress } from '../messages/model.ts'

/** A conversation in one mailbox, with what its list shows kept ready. Hidden messages do not count while there are visible ones. */
export interface Thread {
  id: ThreadId
  orgId: OrgId
  mailboxId: MailboxId
  /** Of the first message. */
  subject: string | null
  /** Of the latest message. */
  preview: string | null
  lastMessageId: MessageId
  /** Later of the two below. */
  lastAt: number
  lastReceivedAt: number | null
  lastSentAt: number | null
  messageCount: number
  sizeBytes: number
  /** Distinct by address, in order of first appearance; Bcc is never among them. */
  senders: MailboxAddress[]
  recipients: MailboxAddress[]
  /** Union of the user labels of its messages, sorted. */
  labels: string[]
  /** Received messages that nobody has read; those we sent are read. */
  unreadCount: number
  /** True when every message is spam, blocked or in the trash; the fields then speak of those. */
  hidden: boolean
  createdAt: number
  updatedAt: number
}
