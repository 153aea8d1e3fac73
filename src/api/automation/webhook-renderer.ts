import type { MessageId } from '../../core/ids.ts'
import { isExpired } from '../../core/mailboxes/policy.ts'
import type { RequestToSign, WebhookRenderer } from '../../core/webhooks/renderer.ts'
import { product } from '../../product.ts'
import { signTimestamped } from '../../protocol/webhooks/signatures.ts'
import { summaryOf } from './message-shapes.ts'

/** How an inbox tells of its messages: the outer shape of the vendor's other webhooks, and no text. */
export const automationWebhooks: WebhookRenderer = {
  styles: ['automation'],
  async render(app, _webhook, event) {
    const { mailboxes, messages } = app.store.read
    const mailbox = event.mailboxId && (await mailboxes.get(event.orgId, event.mailboxId))
    if (!mailbox) return null
    const message = await messages.get(mailbox.id, event.messageId as MessageId)
    const content = message && (await messages.content(message.id))
    if (!content || isExpired(mailbox, message, app.clock.now())) return null
    const { id, inboxId, ...rest } = summaryOf(message, content)
    const result = { id, inboxId, inboxHookAddress: mailbox.address, ...rest }
    return { body: JSON.stringify({ result }), contentType: 'application/json' }
  },
  headers: signedHeaders,
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
