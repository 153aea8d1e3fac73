import { z } from 'zod'
import type { WebhookDeliveryId } from '../../core/ids.ts'
import type { WebhookDelivery } from '../../core/webhooks/model.ts'
import { listOwnDeliveries, replayOwnDelivery } from '../../core/webhooks/own-deliveries.ts'
import { readProjectSecrets, rotateProjectSecret } from '../../core/webhooks/own-webhook.ts'
import { flag } from '../query.ts'
import { route } from '../route.ts'
import { parseGuid } from './ids.ts'
import { listOf, listQuery, toList, toPageRequest } from './paging.ts'
import { printTime, printTimeOrNull, Time } from './time.ts'

const Attempt = z.object({
  at: Time,
  url: z.string(),
  status: z.int().nullable().describe('Of the answer; null when none came'),
  error: z.string().nullable(),
  durationMs: z.int(),
  response: z.string().describe('The first 1 KiB of the answer, of good ones too'),
})

const DeliveryItem = z
  .object({
    id: z.string().describe('X-Inbox-Delivery'),
    inboxId: z.string().nullable(),
    messageId: z.string().nullable(),
    status: z.enum(['pending', 'delivered', 'dead', 'cancelled']),
    isReplay: z.boolean(),
    attemptCount: z.int(),
    nextAttemptAt: Time.nullable(),
    attempts: z.array(Attempt),
    createdAt: Time,
  })
  .meta({ id: 'WebhookDelivery' })

export const deliveries = route({
  method: 'GET',
  path: '/inbox/:id/webhook-deliveries',
  summary: 'What was posted for this inbox in the last 30 days, newest first, with every attempt',
  query: listQuery.extend({ success: flag.optional() }),
  reply: listOf(DeliveryItem),
  async handle({ app, caller, params, query }) {
    const filter = query.success === undefined ? {} : { success: query.success }
    const found = await listOwnDeliveries(app, caller, parseGuid(params.id), filter, toPageRequest(query))
    return toList(query, found, toDelivery)
  },
})

export const replay = route({
  method: 'POST',
  path: '/inbox/:id/webhook-deliveries/:deliveryId/replay',
  summary: 'Post the same message again, as a delivery of its own',
  reply: DeliveryItem,
  status: 201,
  async handle({ app, caller, params }) {
    const delivery = parseGuid<WebhookDeliveryId>(params.deliveryId)
    return toDelivery(await replayOwnDelivery(app, caller, parseGuid(params.id), delivery))
  },
})

const Secret = z.object({
  secret: z.string().describe('Signs X-Inbox-Signature'),
  previousSecret: z.string().nullable().describe('Signs beside it for a day after a rotation'),
})

export const secret = route({
  method: 'GET',
  path: '/inbox/webhook-secret',
  summary: 'What signs the webhooks of this project; for admin keys',
  reply: Secret,
  async handle({ app, caller }) {
    return toSecret(await readProjectSecrets(app, caller))
  },
})

export const rotateSecret = route({
  method: 'POST',
  path: '/inbox/webhook-secret/rotate',
  summary: 'A new secret; the one before signs beside it for a day',
  reply: Secret,
  async handle({ app, caller }) {
    return toSecret(await rotateProjectSecret(app, caller))
  },
})

function toSecret([newest = '', previous]: string[]): z.output<typeof Secret> {
  return { secret: newest, previousSecret: previous ?? null }
}

function toDelivery(delivery: WebhookDelivery): z.output<typeof DeliveryItem> {
  const { event } = delivery
  return {
    id: delivery.id,
    inboxId: event.mailboxId,
    messageId: event.messageId,
    status: delivery.state,
    isReplay: delivery.replay,
    attemptCount: delivery.attemptCount,
    nextAttemptAt: printTimeOrNull(delivery.nextAttemptAt),
    attempts: delivery.attempts.map(({ at, url, status, error, durationMs, answer }) => {
      return { at: printTime(at), url, status, error, durationMs, response: answer }
    }),
    createdAt: printTime(delivery.createdAt),
  }
}
