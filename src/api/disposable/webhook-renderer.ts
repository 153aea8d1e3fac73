import type { App } from '../../core/app.ts'
import type { WebhookEvent } from '../../core/webhooks/model.ts'
import type { RequestToSign, WebhookRenderer } from '../../core/webhooks/renderer.ts'
import { product } from '../../product.ts'
import { signTimestamped } from '../../protocol/webhooks/signatures.ts'
import { toItem } from './message-shapes.ts'

/** How the webhook of a disposable inbox looks. */
export const disposableWebhooks: WebhookRenderer = {
  styles: ['disposable'],
  async render(app, _webhook, event) {
    const data = await dataOf(app, event)
    return data && { body: JSON.stringify({ event: event.topic, data }), contentType: 'application/json' }
  },
  headers: signedHeaders,
}

async function dataOf(
  app: App,
  { orgId, mailboxId, messageId }: WebhookEvent,
): Promise<Record<string, unknown> | null> {
  if (mailboxId === null || messageId === null) return null
  const { mailboxes, messages } = app.store.read
  const mailbox = await mailboxes.get(orgId, mailboxId)
  const message = mailbox && (await messages.get(mailboxId, messageId))
  const place = (await messages.uids([messageId])).get(messageId)
  if (!message || !place) return null
  const { uid, domain, inboxId, from, subject, receivedAt } = toItem(message, place)
  return { uid, domain, inboxId, address: mailbox.address, from, subject, receivedAt }
}

function signedHeaders({ delivery, attempt, at, body, secrets }: RequestToSign): Record<string, string> {
  return {
    'x-inbox-event': delivery.event.topic,
    'x-inbox-delivery': delivery.id,
    'x-inbox-attempt': String(attempt),
    'x-inbox-signature': signTimestamped(secrets, Math.floor(at / 1000), body),
    'user-agent': product,
  }
}
