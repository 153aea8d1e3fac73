import type { EventId, MailboxId, MessageId, OrgId, ThreadId } from '../ids.ts'

export type EventType =
  | 'mailbox.created'
  | 'mailbox.deleted'
  | 'message.received'
  | 'message.queued'
  | 'message.sent'
  | 'message.delivered'
  | 'message.bounced'
  | 'message.complained'
  | 'message.rejected'
  /** The first time that its picture was asked for. */
  | 'message.opened'
  /** The operator made waiting deliveries due. */
  | 'message.hurried'
  | 'message.labeled'
  | 'message.deleted'
  /** Or not any more: `handled` says which. */
  | 'message.handled'
  /** A mail that the policy of the mailbox did not let in. */
  | 'message.dropped'
  | 'thread.deleted'
  | 'domain.created'
  | 'domain.deleted'
  /** A draft that is sent becomes a message: `message.queued` names it. */
  | 'draft.created'
  | 'draft.updated'
  | 'draft.deleted'
  /** It was scheduled and refused when its time came. */
  | 'draft.failed'
  | 'domain.verified'
  /** Of an API key: `payload.keyId` says which. */
  | 'key.updated'
  | 'key.deleted'
  | 'project.created'
  | 'project.deleted'
  /** A test or a replay waits for a worker. */
  | 'webhook.queued'

/** What happened, written in the transaction of the thing it tells. */
export interface NewEvent {
  orgId: OrgId
  mailboxId: MailboxId | null
  threadId: ThreadId | null
  messageId: MessageId | null
  type: EventType
  /** Small and self-contained: ids, names, addresses. Never bodies. */
  payload: Record<string, unknown>
}

/** One entry of the log. `seq` never goes back, and an entry never appears behind one that a reader has already seen. */
export interface LoggedEvent extends NewEvent {
  seq: number
  id: EventId
  createdAt: number
}
