import type { App } from '../../core/app.ts'
import { type DomainView, viewOf } from '../../core/domains/own-domains.ts'
import type { MessageId, ThreadId } from '../../core/ids.ts'
import type { FullMessage } from '../../core/messages/messages.ts'
import type { Thread } from '../../core/threads/model.ts'
import type { WebhookEvent } from '../../core/webhooks/model.ts'
import { toDomain } from './domains.ts'
import { printId } from './ids.ts'
import { toFull } from './message-shapes.ts'
import { toThreadItem } from './threads.ts'
import { printTime } from './time.ts'
import { sampleDomain, sampleMail, sampleMailbox, sampleOf } from './webhook-samples.ts'

/** What is posted, before it is made to fit. */
export type WebhookBody = Record<string, unknown>

export interface ReceivedMail extends FullMessage {
  thread: Thread
}

/** How a dialect of this folder says what events tell of. */
export interface EventWords {
  mail(app: App, mail: ReceivedMail): Promise<{ message: object; thread: object }>
  /** The ids of inbox and message. */
  place(app: App, event: WebhookEvent): Promise<{ inbox_id: string | null; message_id: string | null }>
  domain(view: DomainView): object
}

const seedWords: EventWords = {
  mail: async (_app, mail) => ({ message: toFull(mail), thread: toThreadItem(mail.thread) }),
  place: async (_app, { mailboxId, messageId }) => ({
    inbox_id: mailboxId && printId('inbox', mailboxId),
    message_id: messageId && printId('message', messageId),
  }),
  domain: toDomain,
}

/** The body of an event; null when what it tells of is gone. */
export async function bodyOf(app: App, event: WebhookEvent, words = seedWords): Promise<WebhookBody | null> {
  const payload = await payloadOf(app, event.test ? sampleOf(event) : event, words)
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

async function payloadOf(app: App, event: WebhookEvent, words: EventWords): Promise<WebhookBody | null> {
  const { payload } = event
  const { recipients } = payload
  const place = () => placeOf(app, event, words)
  switch (event.type) {
    case 'message.received':
      return mailOf(app, event, words)
    case 'message.sent':
      return { send: { ...(await place()), recipients } }
    case 'message.delivered':
      return { delivery: { ...(await place()), recipients } }
    case 'message.bounced':
      return { bounce: { ...(await place()), type: payload.bounceType, sub_type: payload.subType, recipients } }
    case 'message.complained':
      return { complaint: { ...(await place()), type: payload.complaintType, sub_type: payload.subType, recipients } }
    case 'message.rejected':
      return { reject: { ...(await place()), reason: payload.reason } }
    case 'message.opened':
      return { open: await place() }
    case 'domain.verified':
      return domainOf(app, event, words)
    default:
      return null
  }
}

async function placeOf(app: App, event: WebhookEvent, words: EventWords) {
  const { inbox_id, message_id } = await words.place(app, event)
  const { threadId, createdAt } = event
  return { inbox_id, thread_id: threadId && printId('thread', threadId), message_id, timestamp: printTime(createdAt) }
}

async function mailOf(app: App, event: WebhookEvent, words: EventWords): Promise<WebhookBody | null> {
  const mail = event.test ? { ...sampleMail(event), mailbox: sampleMailbox(event) } : await readMail(app, event)
  return mail && { ...(await words.mail(app, mail)) }
}

async function readMail(app: App, { orgId, mailboxId, messageId, threadId }: WebhookEvent) {
  if (mailboxId === null) return null
  const { mailboxes, messages, threads } = app.store.read
  const [mailbox, message, content, thread] = await Promise.all([
    mailboxes.get(orgId, mailboxId),
    messages.get(mailboxId, messageId as MessageId),
    messages.content(messageId as MessageId),
    threads.get(mailboxId, threadId as ThreadId),
  ])
  return mailbox && message && content && thread ? { mailbox, message, content, thread } : null
}

async function domainOf(app: App, event: WebhookEvent, words: EventWords): Promise<WebhookBody | null> {
  if (event.test) return { domain: words.domain(sampleDomain(app, event)) }
  const domain = await app.store.read.domains.own(event.orgId, String(event.payload.name))
  // Given up and claimed again, it is another one.
  return domain && domain.id === event.payload.domainId ? { domain: words.domain(await viewOf(app, domain)) } : null
}
