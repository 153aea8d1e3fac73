import { z } from 'zod'
import { type Caller, may } from '../../../core/accounts/caller.ts'
import type { App } from '../../../core/app.ts'
import { invalid } from '../../../core/errors.ts'
import type { Webhook } from '../../../core/webhooks/model.ts'
import { webhookTopics } from '../../../core/webhooks/topics.ts'
import {
  createWebhook,
  deleteWebhook,
  getWebhook,
  listWebhooks,
  readWebhookSecrets,
  updateWebhook,
  updateWebhookHeaders,
} from '../../../core/webhooks/webhooks.ts'
import { route } from '../../route.ts'
import { parseInboxRef, parsePodRef, printId } from '../ids.ts'
import { printTime, Time } from '../time.ts'
import { parseWebhookId } from '../webhooks.ts'
import { present, some } from './absent.ts'
import { pageOf, sortedQuery, toPage, toPageRequest } from './paging.ts'

const MAX_FILTER = 10

const WebhookShape = z
  .object({
    webhook_id: z.string(),
    url: z.string(),
    event_types: z.array(z.string()),
    pod_ids: z.array(z.string()).optional(),
    inbox_ids: z.array(z.string()).optional().describe('Addresses'),
    secret: z
      .string()
      .optional()
      .describe('Signs every delivery, in the way of Svix and of Standard Webhooks; for keys that may read webhooks'),
    enabled: z.boolean(),
    client_id: z.string().optional(),
    updated_at: Time,
    created_at: Time,
  })
  .meta({ id: 'Webhook' })

const ids = z.array(z.string()).max(MAX_FILTER).nullish()
const eventTypes = z.array(z.enum(webhookTopics)).max(100)
const headers = z.record(z.string(), z.string())

const newWebhook = {
  url: z.string().meta({ examples: ['https://your-app.com/webhooks/email'] }),
  event_types: eventTypes.min(1),
  client_id: z.string().nullish(),
  headers: headers.nullish().describe('Sent with every delivery, and never shown again'),
}

const change = { event_types: eventTypes.nullish().describe('Replaces the list; empty leaves it') }
const changeInboxes = { ...change, add_inbox_ids: ids, remove_inbox_ids: ids }

/** What is the same wherever webhooks are. */
const common = {
  list: route({
    method: 'GET',
    path: '/webhooks',
    summary: 'The webhooks, newest first',
    query: sortedQuery,
    reply: pageOf('webhooks', WebhookShape),
    async handle(call) {
      const styles = ['agents', 'agents-v0'] as const
      const { items } = await listWebhooks(call.app, call.caller, { styles }, toPageRequest(call, 'webhooks'))
      const page = toPage(call, 'webhooks', items, {
        toItem: (webhook) => webhook,
        cursorOf: ({ createdAt, id }) => ({ at: createdAt, id }),
      })
      const webhooks = await Promise.all(page.webhooks.map((webhook) => toWebhook(call, webhook)))
      return { ...page, webhooks }
    },
  }),

  get: route({
    method: 'GET',
    path: '/webhooks/:webhook_id',
    summary: 'One webhook',
    reply: WebhookShape,
    async handle(call) {
      return toWebhook(call, await getWebhook(call.app, call.caller, parseWebhookId(call.params.webhook_id)))
    },
  }),

  delete: route({
    method: 'DELETE',
    path: '/webhooks/:webhook_id',
    summary: 'Delete a webhook; what waits for it is dropped',
    async handle({ app, caller, params }) {
      await deleteWebhook(app, caller, parseWebhookId(params.webhook_id))
    },
  }),

  get_headers: route({
    method: 'GET',
    path: '/webhooks/:webhook_id/headers',
    summary: 'The names of the custom headers; their values are not shown',
    reply: z.object({ header_names: z.array(z.string()) }).meta({ id: 'WebhookHeaders' }),
    async handle({ app, caller, params }) {
      return { header_names: (await getWebhook(app, caller, parseWebhookId(params.webhook_id))).headerNames }
    },
  }),

  update_headers: route({
    method: 'PATCH',
    path: '/webhooks/:webhook_id/headers',
    summary: 'Set custom headers, and take others away',
    body: z
      .object({ headers: headers.nullish(), remove_headers: z.array(z.string()).nullish() })
      .refine((body) => body.headers || body.remove_headers, 'headers or remove_headers is required'),
    async handle({ app, caller, params, body }) {
      const [set, remove] = [body.headers ?? {}, body.remove_headers ?? []]
      refuseBoth(Object.keys(set), remove)
      await updateWebhookHeaders(app, caller, parseWebhookId(params.webhook_id), { set, remove })
    },
  }),
}

const create = { method: 'POST' as const, path: '/webhooks' as const, reply: WebhookShape }
const update = { method: 'PATCH' as const, path: '/webhooks/:webhook_id' as const, reply: WebhookShape }

/** With everything to choose from. */
export const webhooks = {
  ...common,
  create: route({
    ...create,
    summary: 'Have events posted to a URL: those of some inboxes and pods, or all',
    body: z.object({ ...newWebhook, inbox_ids: ids, pod_ids: ids }),
    handle: makeWebhook,
  }),
  update: route({
    ...update,
    summary: 'Change which events, of which inboxes and pods',
    body: z.object({ ...changeInboxes, add_pod_ids: ids, remove_pod_ids: ids }),
    handle: (call) => changeWebhook(call, call.params.webhook_id),
  }),
}

export const podWebhooks = {
  ...common,
  create: route({
    ...create,
    summary: 'Have events posted to a URL: those of some inboxes, or all',
    body: z.object({ ...newWebhook, inbox_ids: ids }),
    handle: makeWebhook,
  }),
  update: route({
    ...update,
    summary: 'Change which events, of which inboxes',
    body: z.object(changeInboxes),
    handle: (call) => changeWebhook(call, call.params.webhook_id),
  }),
}

export const inboxWebhooks = {
  ...common,
  create: route({
    ...create,
    summary: 'Have events posted to a URL',
    body: z.object(newWebhook),
    handle: makeWebhook,
  }),
  update: route({
    ...update,
    summary: 'Change which events',
    body: z.object(change),
    handle: (call) => changeWebhook(call, call.params.webhook_id),
  }),
}

interface Asked<Body> {
  app: App
  caller: Caller
  body: Body
}

type Ids = string[] | null | undefined
type NewWebhook = z.output<z.ZodObject<typeof newWebhook>> & { inbox_ids?: Ids; pod_ids?: Ids }

async function makeWebhook(call: Asked<NewWebhook>): Promise<z.output<typeof WebhookShape>> {
  const { app, caller, body } = call
  const { webhook, secret } = await createWebhook(app, caller, {
    style: 'agents-v0',
    url: body.url,
    topics: body.event_types,
    mailboxes: (body.inbox_ids ?? []).map(parseInboxRef),
    projects: (body.pod_ids ?? []).map(parsePodRef),
    clientId: body.client_id ?? null,
    ...(body.headers && { headers: body.headers }),
  })
  return toWebhook(call, webhook, secret)
}

type Change = z.output<z.ZodObject<typeof changeInboxes>> & { add_pod_ids?: Ids; remove_pod_ids?: Ids }

async function changeWebhook(call: Asked<Partial<Change>>, id: string): Promise<z.output<typeof WebhookShape>> {
  const { app, caller, body } = call
  const webhook = await updateWebhook(app, caller, parseWebhookId(id), {
    ...(body.event_types && body.event_types.length > 0 && { topics: body.event_types }),
    ...(body.add_inbox_ids && { addMailboxes: body.add_inbox_ids.map(parseInboxRef) }),
    ...(body.remove_inbox_ids && { removeMailboxes: body.remove_inbox_ids.map(parseInboxRef) }),
    ...(body.add_pod_ids && { addProjects: body.add_pod_ids.map(parsePodRef) }),
    ...(body.remove_pod_ids && { removeProjects: body.remove_pod_ids.map(parsePodRef) }),
  })
  return toWebhook(call, webhook)
}

function refuseBoth(set: readonly string[], remove: readonly string[]): void {
  const names = new Set(set.map((name) => name.toLowerCase()))
  const at = remove.findIndex((name) => names.has(name.toLowerCase()))
  if (at >= 0) throw invalid(['remove_headers', at], 'is among the headers to set')
}

async function toWebhook(
  { app, caller }: Pick<Asked<unknown>, 'app' | 'caller'>,
  webhook: Webhook,
  made: string | null = null,
): Promise<z.output<typeof WebhookShape>> {
  // Who made it just now, or changed it, need not be allowed to read webhooks.
  const [secret] =
    made === null && may(caller, 'webhook_read') ? await readWebhookSecrets(app, caller, webhook) : [made]
  const mailboxes = await app.store.read.mailboxes.withIds(webhook.mailboxIds)
  const addresses = webhook.mailboxIds.map((id) => mailboxes.get(id)?.address ?? printId('inbox', id))
  return present({
    webhook_id: printId('webhook', webhook.id),
    url: webhook.url,
    event_types: webhook.topics,
    pod_ids: some(webhook.projectIds.map((id) => printId('pod', id))),
    inbox_ids: some(addresses),
    secret: secret && `whsec_${secret}`,
    enabled: webhook.enabled,
    client_id: webhook.clientId,
    updated_at: printTime(webhook.updatedAt),
    created_at: printTime(webhook.createdAt),
  })
}
