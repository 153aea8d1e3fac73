import { type Caller, demand, isConfined } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { notFound } from '../errors.ts'
import { type EventId, newId, type WebhookDeliveryId, type WebhookId } from '../ids.ts'
import type { Page, PageRequest } from '../paging.ts'
import type { Webhook, WebhookDelivery, WebhookEvent } from './model.ts'
import type { WebhookDeliveryFilter } from './store.ts'
import type { WebhookTopic } from './topics.ts'
import { reachWebhook } from './webhooks.ts'

/** What was sent to one webhook, or to all of the organization when none is named; newest first. */
export async function listWebhookDeliveries(
  app: App,
  caller: Caller,
  filter: WebhookDeliveryFilter,
  page: PageRequest,
): Promise<Page<WebhookDelivery>> {
  demand(caller, 'webhook_read')
  if (filter.webhookId) await reachWebhook(app, caller, filter.webhookId)
  // Whoever does not see the whole organization reads the log of one webhook at a time.
  else if (isConfined(caller)) throw notFound('webhook')
  return app.store.read.webhooks.deliveries(caller.orgId, filter, page)
}

/** One delivery with all its attempts. */
export async function getWebhookDelivery(app: App, caller: Caller, id: WebhookDeliveryId): Promise<WebhookDelivery> {
  demand(caller, 'webhook_read')
  return reachDelivery(app, caller, id)
}

async function reachDelivery(app: App, caller: Caller, id: WebhookDeliveryId): Promise<WebhookDelivery> {
  const delivery = await app.store.read.webhooks.delivery(caller.orgId, id)
  if (!delivery) throw notFound('webhook delivery')
  if (isConfined(caller)) await reachWebhook(app, caller, delivery.webhookId)
  return delivery
}

/** Tells the same event again; with `of`, only when it went to this webhook. A `conflict` when the webhook is gone, disabled, or wants no such events any more. */
export async function replayWebhookDelivery(
  app: App,
  caller: Caller,
  id: WebhookDeliveryId,
  of?: WebhookId,
): Promise<WebhookDelivery> {
  demand(caller, 'webhook_update')
  const { orgId, webhookId } = await reachDelivery(app, caller, id)
  if (of !== undefined && of !== webhookId) throw notFound('webhook delivery')
  return app.store.run('webhooks.replay', { orgId, id })
}

/** Sends a sample of each topic of the webhook, or of the given one. */
export async function testWebhook(
  app: App,
  caller: Caller,
  id: WebhookId,
  topics?: readonly WebhookTopic[],
): Promise<WebhookDelivery[]> {
  demand(caller, 'webhook_update')
  const webhook = await reachWebhook(app, caller, id)
  const events = (topics ?? webhook.topics).map((topic) => sampleOf(webhook, topic, app.clock.now()))
  return app.store.run('webhooks.enqueue-samples', { orgId: webhook.orgId, id, events })
}

function sampleOf({ orgId, mailboxIds }: Webhook, topic: WebhookTopic, now: number): WebhookEvent {
  const type = topic.startsWith('message.received.') ? 'message.received' : topic
  return {
    ...{
      seq: 0,
      id: newId<EventId>(),
      orgId,
      threadId: null,
      messageId: null,
      createdAt: now,
      payload: {},
      test: true,
    },
    ...{ mailboxId: mailboxIds[0] ?? null, type: type as WebhookEvent['type'], topic },
  }
}
