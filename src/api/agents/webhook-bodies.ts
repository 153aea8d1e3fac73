import type { App } from '../../core/app.ts'
import { viewOf } from '../../core/domains/own-domains.ts'
import type { MessageId, ThreadId } from '../../core/ids.ts'
import type { WebhookEvent } from '../../core/webhooks/model.ts'
import { toDomain } from './domains.ts'
import { printId } from './ids.ts'
import { toFull } from './message-shapes.ts'
import { toThreadItem } from './threads.ts'
import { printTime } from './time.ts'
import { sampleDomain, sampleMail, sampleOf } from './webhook-samples.ts'

/** What is posted, before it is made to fit. */
export type WebhookBody = Record<string, unknown>

/** The body of an event; null when what it tells of is gone. */
export async function bodyOf(app: App, event: WebhookEvent): Promise<WebhookBody | null> {
  const payload = await payloadOf(app, event.test ? sampleOf(event) : event)
  return payload && { ...envelopeOf(event), ...payload }
}

function envelopeOf({ id, topic, createdAt, test }: WebhookEvent): WebhookBody {
  const envelope = {
    type: 'event',
    event_type: topic,
    event_id: printId('event', id),
    created_at: printTime(createdAt),
  }
  return test ? { ...envelope, test } : envelope
}

async function payloadOf(app: App, event: WebhookEvent): Promise<WebhookBody | null> {
  const { payload } = event
  const { recipients } = payload
  switch (event.type) {
    case 'message.received':
      return mailOf(app, event)
    case 'message.sent':
      return { send: { ...placeOf(event), recipients } }
    case 'message.delivered':
      return { delivery: { ...placeOf(event), recipients } }
    case 'message.bounced':
      return { bounce: { ...placeOf(event), type: payload.bounceType, sub_type: payload.subType, recipients } }
    case 'message.complained':
      return { complaint: { ...placeOf(event), type: payload.complaintType, sub_type: payload.subType, recipients } }
    case 'message.rejected':
      return { reject: { ...placeOf(event), reason: payload.reason } }
    case 'domain.verified':
      return domainOf(app, event)
    default:
      return null
  }
}

function placeOf({ mailboxId, threadId, messageId, createdAt }: WebhookEvent) {
  return {
    inbox_id: mailboxId && printId('inbox', mailboxId),
    thread_id: threadId && printId('thread', threadId),
    message_id: messageId && printId('message', messageId),
    timestamp: printTime(createdAt),
  }
}

async function mailOf(app: App, event: WebhookEvent): Promise<WebhookBody | null> {
  const mail = event.test ? sampleMail(event) : await readMail(app, event)
  return mail && { message: toFull(mail), thread: toThreadItem(mail.thread) }
}

async function readMail(app: App, { mailboxId, messageId, threadId }: WebhookEvent) {
  if (mailboxId === null) return null
  const { messages, threads } = app.store.read
  const [message, content, thread] = await Promise.all([
    messages.get(mailboxId, messageId as MessageId),
    messages.content(messageId as MessageId),
    threads.get(mailboxId, threadId as ThreadId),
  ])
  return message && content && thread ? { message, content, thread } : null
}

async function domainOf(app: App, event: WebhookEvent): Promise<WebhookBody | null> {
  if (event.test) return { domain: toDomain(sampleDomain(app, event)) }
  const domain = await app.store.read.domains.own(event.orgId, String(event.payload.name))
  // Given up and claimed again, it is another one.
  return domain && domain.id === event.payload.domainId ? { domain: toDomain(await viewOf(app, domain)) } : null
}
