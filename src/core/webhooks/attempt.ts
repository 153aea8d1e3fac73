import type { App } from '../app.ts'
import { calendarOf, readRetryAfter } from './calendar.ts'
import type { Webhook, WebhookDelivery } from './model.ts'
import { openHeaders, openSecrets } from './secrets.ts'
import type { WebhookAnswer, WebhookRequest } from './sender.ts'

/**
 * Makes one attempt of a claimed delivery and puts it on record. False when the signal ended it: that is not on record, and whoever
 * ended it gives the delivery back. Throws only when the store does not answer: then the lease runs out.
 */
export async function attempt(app: App, delivery: WebhookDelivery, signal: AbortSignal): Promise<boolean> {
  const { orgId, id } = delivery
  const webhook = await app.store.read.webhooks.get(orgId, delivery.webhookId)
  const at = app.clock.now()
  const prepared = webhook?.enabled ? await prepare(app, webhook, delivery, at) : null
  if (!webhook || prepared === null) {
    await app.store.run('webhooks.cancel', { orgId, id })
    return true
  }
  const answer =
    prepared === 'broken' ? notRendered : await app.webhooks.sender.post({ ...prepared, ...limitsOf(webhook), signal })
  if (signal.aborted && answer.status === null) return false
  const { status, error, durationMs } = answer
  await app.store.run('webhooks.record', {
    ...{ orgId, id },
    attempt: { at, url: webhook.url, status, error, durationMs, answer: answer.answer },
    retryAfterSeconds: readRetryAfter(answer.retryAfter, app.clock.now()),
    random: Math.random(),
  })
  return true
}

function limitsOf(webhook: Webhook): Pick<WebhookRequest, 'timeoutMs' | 'reach'> {
  const { timeoutMs, reach } = calendarOf(webhook.style)
  return { timeoutMs, reach }
}

const notRendered: WebhookAnswer = { status: null, error: 'render', retryAfter: null, durationMs: 0, answer: '' }

/** The request without its limits; null when there is nothing to tell; `broken` when a bug of ours is in the way. */
async function prepare(
  app: App,
  webhook: Webhook,
  delivery: WebhookDelivery,
  at: number,
): Promise<Pick<WebhookRequest, 'url' | 'headers' | 'body'> | null | 'broken'> {
  // Read first, so that a store that is away counts as no attempt.
  const secret = await app.store.read.webhooks.secret(webhook.secretOwner)
  try {
    const renderer = app.webhooks.renderers.find(({ styles }) => styles.includes(webhook.style))
    if (!renderer) throw new Error(`No renderer for the style ${webhook.style}`)
    const rendered = await renderer.render(app, webhook, delivery.event)
    if (!rendered) return null
    const { body, contentType } = rendered
    const secrets = openSecrets(app, secret, at)
    const signing = { webhook, delivery, attempt: delivery.attemptCount + 1, at, body, secrets }
    // Ours last: a custom header never takes the place of one that says who we are or what was signed.
    const headers = new Headers(openHeaders(app, webhook))
    for (const [name, value] of Object.entries(renderer.headers(signing))) headers.set(name, value)
    headers.set('content-type', contentType)
    return { url: webhook.url, headers: Object.fromEntries(headers), body }
  } catch (error) {
    app.log.error({ err: error, webhookId: webhook.id, deliveryId: delivery.id }, 'a webhook could not be rendered')
    return 'broken'
  }
}
