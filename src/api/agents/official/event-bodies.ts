import type { App } from '../../../core/app.ts'
import type { Message } from '../../../core/messages/model.ts'
import { viewThreads } from '../../../core/threads/within.ts'
import type { WebhookEvent } from '../../../core/webhooks/model.ts'
import { printId } from '../ids.ts'
import { bodyOf, type EventWords, type ReceivedMail, type WebhookBody } from '../webhook-bodies.ts'
import { sampleMail, sampleMailbox } from '../webhook-samples.ts'
import { toDomain } from './domains.ts'
import { toFull } from './message-shapes.ts'
import { toThreadItem } from './threads.ts'

/** The body of an event as webhooks and sockets of the official API are told it; null when what it tells of is gone. */
export function officialBodyOf(app: App, event: WebhookEvent): Promise<WebhookBody | null> {
  return bodyOf(app, event, words)
}

const words: EventWords = {
  async mail(app, mail) {
    const [view = asView(mail)] = await viewThreads(app, [mail.thread])
    return { message: toFull(mail), thread: toThreadItem(view) }
  },
  place: placeOf,
  domain: toDomain,
}

// What was made up for a test is in no store.
function asView({ thread, mailbox, message }: ReceivedMail) {
  return { thread, mailbox, lastMessage: message, attachments: message.attachments }
}

// An inbox has its address for an id and a message its Message-ID; where they are gone, our own ids name them still.
async function placeOf(app: App, event: WebhookEvent) {
  const { mailboxId, messageId } = event
  const message = await messageOf(app, event)
  return {
    inbox_id: mailboxId && ((await addressOf(app, event)) ?? printId('inbox', mailboxId)),
    message_id: messageId && (message?.messageId ?? printId('message', messageId)),
  }
}

async function addressOf(app: App, event: WebhookEvent): Promise<string | undefined> {
  const { orgId, mailboxId } = event
  if (event.test || !mailboxId) return sampleMailbox(event).address
  return (await app.store.read.mailboxes.get(orgId, mailboxId))?.address
}

async function messageOf(app: App, event: WebhookEvent): Promise<Message | undefined> {
  const { mailboxId, messageId } = event
  if (event.test) return sampleMail(event).message
  return mailboxId && messageId ? app.store.read.messages.get(mailboxId, messageId) : undefined
}
