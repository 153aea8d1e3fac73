import { createHash } from 'node:crypto'
import type { RequestToSign, WebhookRenderer } from '../../core/webhooks/renderer.ts'
import { product } from '../../product.ts'
import { signBody, signStandard } from '../../protocol/webhooks/signatures.ts'
import { printId } from './ids.ts'
import { officialBodyOf } from './official/event-bodies.ts'
import { bodyOf } from './webhook-bodies.ts'
import { fitted } from './webhook-size.ts'

/** How webhooks of both APIs look: Standard Webhooks and Svix at once, with a plain signature for those without a library. */
export const agentsWebhooks: WebhookRenderer = {
  styles: ['agents', 'agents-v0'],
  async render(app, { style }, event) {
    const body = await (style === 'agents-v0' ? officialBodyOf(app, event) : bodyOf(app, event))
    return body && { body: fitted(body), contentType: 'application/json' }
  },
  headers: signedHeaders,
}

function signedHeaders({ delivery, attempt, at, body, secrets }: RequestToSign): Record<string, string> {
  const { event, webhookId } = delivery
  const id = `${printId('event', event.id)}_${shortHash(webhookId)}`
  const seconds = Math.floor(at / 1000)
  const signature = signStandard(secrets, id, seconds, body)
  const [newest = ''] = secrets
  return {
    // The one library reads only the first set, the other one either.
    ...{ 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': signature },
    ...{ 'svix-id': id, 'svix-timestamp': String(seconds), 'svix-signature': signature },
    'x-agentmail-signature': signBody(newest, body),
    'x-agentmail-event': event.topic,
    'x-agentmail-attempt': String(attempt),
    'user-agent': product,
  }
}

// Two webhooks of one receiver are told the same event under two names.
function shortHash(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 16)
}
