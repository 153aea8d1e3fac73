import { z } from 'zod'
import type { WebhookDeliveryId } from '../../core/ids.ts'
import { listWebhookDeliveries, replayWebhookDelivery, testWebhook } from '../../core/webhooks/deliveries.ts'
import type { WebhookDelivery, WebhookDeliveryState } from '../../core/webhooks/model.ts'
import { flag } from '../query.ts'
import { route } from '../route.ts'
import { parseId, printId } from './ids.ts'
import { pageOf, pageQuery, toPage, toPageRequest } from './paging.ts'
import { printTime, printTimeOrNull, Time } from './time.ts'
import { eventTypes, parseWebhookId } from './webhooks.ts'

const Attempt = z.object({
  at: Time,
  url: z.string(),
  status: z.int().nullable().describe('Of the answer; null when none came'),
  error: z.string().nullable().describe('Why no answer came'),
  duration_ms: z.int(),
  answer: z.string().describe('The first 1 KiB of its body'),
})

const DeliveryItem = z
  .object({
    delivery_id: z.string(),
    webhook_id: z.string(),
    event_id: z.string(),
    event_type: z.string(),
    status: z.enum(['pending', 'delivered', 'failed', 'cancelled']),
    test: z.boolean(),
    replay: z.boolean(),
    attempt_count: z.int(),
    next_attempt_at: Time.nullable(),
    attempts: z.array(Attempt),
    created_at: Time,
    updated_at: Time,
  })
  .meta({ id: 'WebhookDelivery' })

export const list = route({
  method: 'GET',
  path: '/webhooks/:webhookId/deliveries',
  summary: 'What was posted to a webhook in the last 30 days, newest first, with every attempt',
  query: pageQuery.extend({
    event_type: z.enum(eventTypes).optional(),
    success: flag.optional().describe('true: a 2xx came. false: it was attempted, and none came yet'),
  }),
  reply: pageOf(DeliveryItem),
  async handle({ app, caller, params, query }) {
    const filter = {
      webhookId: parseWebhookId(params.webhookId),
      ...(query.event_type && { topic: query.event_type }),
      ...(query.success !== undefined && { success: query.success }),
    }
    return toPage(await listWebhookDeliveries(app, caller, filter, toPageRequest(query)), query, toDelivery)
  },
})

export const replay = route({
  method: 'POST',
  path: '/webhooks/:webhookId/deliveries/:deliveryId/replay',
  summary: 'Post the same event again',
  reply: DeliveryItem,
  status: 201,
  async handle({ app, caller, params }) {
    const id = parseId('webhookDelivery', params.deliveryId) as WebhookDeliveryId
    return toDelivery(await replayWebhookDelivery(app, caller, id, parseWebhookId(params.webhookId)))
  },
})

export const test = route({
  method: 'POST',
  path: '/webhooks/:webhookId/test',
  summary: 'Post a sample of each event type that the webhook asks for',
  reply: z.object({ deliveries: z.array(DeliveryItem) }),
  async handle({ app, caller, params }) {
    return { deliveries: (await testWebhook(app, caller, parseWebhookId(params.webhookId))).map(toDelivery) }
  },
})

const statuses: Record<WebhookDeliveryState, 'pending' | 'delivered' | 'failed' | 'cancelled'> = {
  pending: 'pending',
  delivered: 'delivered',
  dead: 'failed',
  cancelled: 'cancelled',
}

function toDelivery(delivery: WebhookDelivery): z.output<typeof DeliveryItem> {
  const { event } = delivery
  return {
    delivery_id: printId('webhookDelivery', delivery.id),
    webhook_id: printId('webhook', delivery.webhookId),
    event_id: printId('event', event.id),
    event_type: event.topic,
    status: statuses[delivery.state],
    test: event.test,
    replay: delivery.replay,
    attempt_count: delivery.attemptCount,
    next_attempt_at: printTimeOrNull(delivery.nextAttemptAt),
    attempts: delivery.attempts.map(({ at, url, status, error, durationMs, answer }) => {
      return { at: printTime(at), url, status, error, duration_ms: durationMs, answer }
    }),
    created_at: printTime(delivery.createdAt),
    updated_at: printTime(delivery.updatedAt),
  }
}
