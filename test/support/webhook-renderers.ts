import type { WebhookRenderer } from '../../src/core/webhooks/renderer.ts'
import { signStandard, signTimestamped } from '../../src/protocol/webhooks/signatures.ts'

/** Small stand-ins for the dialects' renderers: ids only, signed as each of the two families signs. */
export const testRenderers: WebhookRenderer[] = [
  {
    styles: ['agents', 'agents-v0', 'mailboxes'],
    render: async (app, _webhook, event) => {
      const gone =
        event.messageId && event.mailboxId && !(await app.store.read.messages.get(event.mailboxId, event.messageId))
      if (gone) return null
      const { id, topic, messageId, test } = event
      return { contentType: 'application/json', body: JSON.stringify({ id, topic, messageId, test }) }
    },
    headers({ delivery, attempt, at, body, secrets }) {
      const [id, seconds] = [`${delivery.event.id}.${delivery.webhookId}`, Math.floor(at / 1000)]
      return {
        'webhook-id': id,
        'webhook-timestamp': String(seconds),
        'webhook-signature': signStandard(secrets, id, seconds, body),
        'x-attempt': String(attempt),
      }
    },
  },
  {
    styles: ['automation', 'disposable'],
    render: async (_app, _webhook, event) => ({
      contentType: 'application/json',
      body: JSON.stringify({ result: { id: event.messageId } }),
    }),
    headers: ({ delivery, attempt, at, body, secrets }) => ({
      'x-delivery': delivery.id,
      'x-attempt': String(attempt),
      'x-signature': signTimestamped(secrets, Math.floor(at / 1000), body),
    }),
  },
]
