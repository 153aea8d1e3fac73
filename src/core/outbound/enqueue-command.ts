import { consumeDraft, type SentDraft } from '../drafts/commands.ts'
import { notFound } from '../errors.ts'
import { finishIdempotent } from '../idempotency/commands.ts'
import { type DeliveryId, type MessageId, newId, type ThreadId } from '../ids.ts'
import { refuseListed } from '../lists/judge.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import { NAME_OF_OURS } from '../messages/file-inbound.ts'
import type { Message, MessageContent } from '../messages/model.ts'
import { keepTrial } from '../sign-up/trial.ts'
import type { Tx } from '../store.ts'
import { refuseSuppressed } from '../suppressions/commands.ts'
import type { Thread } from '../threads/model.ts'
import { placeInThread } from '../threads/place.ts'
import { openThread, resolveThread } from '../threads/resolve.ts'
import { refuseLoopingAnswer } from './loop-guard.ts'
import type { Delivery } from './model.ts'
import { keepPace, type Pace } from './pace.ts'

export interface NewOutbound {
  /** `threadId` and `at` are decided here. */
  message: Omit<Message, 'threadId' | 'at' | 'createdAt' | 'updatedAt'>
  content: MessageContent
  /** The thread of the message that is answered, or the one that its own references lead to; null opens one. */
  joins: ThreadId | 'ancestors' | null
  mailFrom: string
  recipients: { address: string; domain: string }[]
  idempotencyKey: string | null
  pace: Pace
  /** Its organization was not verified a moment ago. */
  onTrial?: boolean
  /** The draft that it is made of, which is gone with the same commit. */
  consumes?: SentDraft
}

export interface Enqueued {
  messageId: MessageId
  /** Its Message-ID field, brackets included. */
  rfcMessageId: string
  threadId: ThreadId
}

/** Stores an outbound message with one delivery for each recipient: from this commit on it will be sent. */
export async function enqueueOutbound(tx: Tx, input: NewOutbound): Promise<Enqueued> {
  const { orgId, mailboxId } = input.message
  const mailbox = await tx.mailboxes.get(orgId, mailboxId)
  const addresses = input.recipients.map((r) => r.address)
  if (mailbox) await refuseRecipients(tx, mailbox, addresses)
  if (input.onTrial) await keepTrial(tx, orgId, addresses)
  const at = mailbox && (await tx.mailboxes.nextTime(mailboxId, tx.now))
  if (at === undefined) throw notFound('mailbox')
  const draft = input.consumes && (await consumeDraft(tx, mailboxId, input.consumes))
  const thread = await threadFor(tx, input)
  const threadId = thread?.id ?? newId<ThreadId>()
  await refuseLoopingAnswer(tx, input)
  await keepPace(tx, { orgId, mailboxId, threadId }, input.pace)
  const message: Message = {
    ...input.message,
    messageId: await freeName(tx, input),
    threadId,
    at,
    createdAt: tx.now,
    updatedAt: tx.now,
  }
  await tx.messages.insert(message, input.content)
  await placeInThread(tx, thread, message)
  await tx.outbound.insert(input.recipients.map((r) => toDelivery(message, input.mailFrom, r, tx.now)))
  const answer = { messageId: message.id, rfcMessageId: message.messageId, threadId }
  if (input.idempotencyKey !== null) await finishIdempotent(tx, orgId, input.idempotencyKey, answer)
  const payload = { recipients: input.recipients.map((r) => r.address), ...(draft && { draft }) }
  await tx.events.append({ orgId, mailboxId, threadId, messageId: message.id, type: 'message.queued', payload })
  return answer
}

async function refuseRecipients(tx: Tx, mailbox: Mailbox, addresses: string[]): Promise<void> {
  await refuseSuppressed(tx, mailbox.orgId, addresses)
  await refuseListed(tx.lists, mailbox, addresses)
}

async function threadFor(tx: Tx, { joins, message }: NewOutbound): Promise<Thread | undefined> {
  if (joins === 'ancestors') return resolveThread(tx, message.mailboxId, message)
  return joins ? openThread(tx, message.mailboxId, joins) : undefined
}

// A mail client may use an id twice. The second message is kept under one of ours; what it says itself stays as it is.
async function freeName(tx: Tx, { message, mailFrom }: NewOutbound): Promise<string> {
  const { source, mailboxId, messageId, id } = message
  const clash = source === 'submission' && (await tx.messages.byMessageId(mailboxId, messageId))
  return clash ? `${NAME_OF_OURS}${id}${mailFrom.slice(mailFrom.lastIndexOf('@'))}>` : messageId
}

function toDelivery(message: Message, mailFrom: string, to: NewOutbound['recipients'][number], now: number): Delivery {
  return {
    id: newId<DeliveryId>(),
    orgId: message.orgId,
    mailboxId: message.mailboxId,
    messageId: message.id,
    mailFrom,
    recipient: to.address,
    domain: to.domain,
    status: 'queued',
    blobKey: message.blobKey,
    nextAttemptAt: now,
    leaseUntil: null,
    attemptCount: 0,
    attempts: [],
    delayToldAt: null,
    failureNotice: null,
    createdAt: now,
    updatedAt: now,
  }
}
