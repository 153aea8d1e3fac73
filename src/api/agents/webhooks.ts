import { z } from 'zod'
import type { WebhookId } from '../../core/ids.ts'
import type { DisabledReason, Webhook } from '../../core/webhooks/model.ts'
import {
  createWebhook,
  deleteWebhook,
  getWebhook,
  listWebhooks,
  rotateWebhookSecret,
  type UpdateWebhook,
  updateWebhook,
} from '../../core/webhooks/webhooks.ts'
import { Answer, route } from '../route.ts'
import { parseId, parseInboxRef, printId } from './ids.ts'
import { pageOf, pageQuery, toPage, toPageRequest } from './paging.ts'
import { printTime, Time } from './time.ts'

/** What can be subscribed to here. */
export const eventTypes = [
  'message.received',
  'message.sent',
  'message.delivered',
  'message.bounced',
  'message.complained',
  'message.rejected',
  'domain.verified',
] as const

const EventTypes = z.array(z.enum(eventTypes)).min(1).max(100)

const webhookShape = {
  webhook_id: z.string(),
  url: z.string(),
  event_types: z.array(z.string()),
  inbox_ids: z.array(z.string()).describe('Events of these inboxes only; empty is all'),
  enabled: z.boolean(),
  client_id: z.string().nullable(),
  disabled_reason: z
    .enum(['gone', 'failing', 'inboxes_deleted'])
    .optional()
    .describe('Why it was switched off, when nobody asked for it'),
  created_at: Time,
  updated_at: Time,
}

const WebhookShape = z.object(webhookShape).meta({ id: 'Webhook' })
const Secret = z
  .string()
  .describe('Signs every delivery; as it is, it works in the Svix and Standard Webhooks libraries')
const NewWebhook = z
  .object({ ...webhookShape, secret: Secret.optional().describe('Shown here and never again') })
  .meta({ id: 'NewWebhook' })

export const create = route({
  method: 'POST',
  path: '/webhooks',
  refuses: ['not_found'],
  summary: 'Have events posted to a URL',
  body: z.object({
    url: z.string().meta({ examples: ['https://your-app.com/webhooks/email'] }),
    event_types: EventTypes,
    inbox_ids: z.array(z.string()).max(100).nullish(),
    client_id: z.string().nullish(),
  }),
  reply: NewWebhook,
  status: 201,
  otherwise: { 200: 'The webhook that this client_id made before, without its secret' },
  async handle({ app, caller, body }) {
    const { webhook, created, secret } = await createWebhook(app, caller, {
      style: 'agents',
      url: body.url,
      topics: body.event_types,
      mailboxes: (body.inbox_ids ?? []).map(parseInboxRef),
      clientId: body.client_id ?? null,
    })
    return new Answer(created ? 201 : 200, { ...toWebhook(webhook), ...(secret !== null && { secret }) })
  },
})

export const list = route({
  method: 'GET',
  path: '/webhooks',
  summary: 'The webhooks, newest first',
  query: pageQuery,
  reply: pageOf(WebhookShape),
  async handle({ app, caller, query }) {
    const styles = ['agents', 'agents-v0'] as const
    return toPage(await listWebhooks(app, caller, { styles }, toPageRequest(query)), query, toWebhook)
  },
})

export const get = route({
  method: 'GET',
  path: '/webhooks/:webhookId',
  summary: 'One webhook',
  reply: WebhookShape,
  async handle({ app, caller, params }) {
    return toWebhook(await getWebhook(app, caller, parseWebhookId(params.webhookId)))
  },
})

export const update = route({
  method: 'PATCH',
  path: '/webhooks/:webhookId',
  summary: 'Change what is given; enabling begins with the events from then on',
  body: z.object({
    url: z.string().optional(),
    event_types: EventTypes.optional(),
    inbox_ids: z.array(z.string()).max(100).nullish(),
    enabled: z.boolean().optional(),
  }),
  reply: WebhookShape,
  async handle({ app, caller, params, body }) {
    const change: UpdateWebhook = {
      ...(body.url !== undefined && { url: body.url }),
      ...(body.event_types && { topics: body.event_types }),
      ...(body.inbox_ids !== undefined && { mailboxes: (body.inbox_ids ?? []).map(parseInboxRef) }),
      ...(body.enabled !== undefined && { enabled: body.enabled }),
    }
    return toWebhook(await updateWebhook(app, caller, parseWebhookId(params.webhookId), change))
  },
})

export const remove = route({
  method: 'DELETE',
  path: '/webhooks/:webhookId',
  summary: 'Delete a webhook; what waits for it is dropped',
  async handle({ app, caller, params }) {
    await deleteWebhook(app, caller, parseWebhookId(params.webhookId))
  },
})

export const rotateSecret = route({
  method: 'POST',
  path: '/webhooks/:webhookId/rotate-secret',
  summary: 'A new secret; the one before signs beside it for a day',
  reply: z.object({ secret: Secret }).meta({ id: 'WebhookSecret' }),
  async handle({ app, caller, params }) {
    return { secret: await rotateWebhookSecret(app, caller, parseWebhookId(params.webhookId)) }
  },
})

export function parseWebhookId(text: string): WebhookId {
  return parseId('webhook', text) as WebhookId
}

const reasons: Record<DisabledReason, 'gone' | 'failing' | 'inboxes_deleted' | undefined> = {
  request: undefined,
  gone: 'gone',
  failing: 'failing',
  filter_empty: 'inboxes_deleted',
}

function toWebhook(webhook: Webhook): z.output<typeof WebhookShape> {
  const reason = webhook.disabledReason && reasons[webhook.disabledReason]
  return {
    webhook_id: printId('webhook', webhook.id),
    url: webhook.url,
    event_types: webhook.topics,
    inbox_ids: webhook.mailboxIds.map((id) => printId('inbox', id)),
    enabled: webhook.enabled,
    client_id: webhook.clientId,
    ...(reason && { disabled_reason: reason }),
    created_at: printTime(webhook.createdAt),
    updated_at: printTime(webhook.updatedAt),
  }
}
