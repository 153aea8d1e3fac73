import { type Caller, demand, reachOf } from '../accounts/caller.ts'
import { reachProject } from '../accounts/projects.ts'
import type { App } from '../app.ts'
import { checkClientId } from '../client-id.ts'
import { Failure, invalid, notFound } from '../errors.ts'
import { type MailboxId, newId, type ProjectId, type WebhookId } from '../ids.ts'
import { reachMailbox } from '../mailboxes/mailboxes.ts'
import type { Page, PageRequest } from '../paging.ts'
import { calendarOf } from './calendar.ts'
import type { WebhookChange } from './commands.ts'
import type { Webhook, WebhookStyle } from './model.ts'
import { checkHeaders, checkTopics, checkWebhookUrl } from './rules.ts'
import { type CustomHeaders, newSecret, openHeaders, openSecrets, sealHeaders } from './secrets.ts'
import { demandTopics } from './topics.ts'

const MAX_WEBHOOKS = 50
const MAX_MAILBOXES = 100
const MAX_PROJECTS = 10

export interface CreateWebhook {
  style: WebhookStyle
  url: string
  topics: readonly string[]
  /** Ids or addresses; without mailboxes and projects it is for all mailboxes that the caller sees, those to come included. */
  mailboxes?: readonly string[]
  /** Ids or their makers' names for them: everything in them, now and to come. */
  projects?: readonly string[]
  clientId?: string | null
  headers?: CustomHeaders
  options?: Record<string, unknown>
  /** Whose secret signs, when it is not one of its own. */
  secretOwner?: string
  /** How many the organization may have in this dialect; null where something else bounds them. */
  limit?: number | null
}

/**
 * Makes a webhook. `secret` is its text when it was made just now, to be shown once; `created` is false when `clientId` led to the
 * one that is there. A key of one mailbox or project makes webhooks of that, whatever filter it leaves out.
 */
export async function createWebhook(
  app: App,
  caller: Caller,
  input: CreateWebhook,
): Promise<{ webhook: Webhook; created: boolean; secret: string | null }> {
  const topics = checkTopics(input.topics)
  const clientId = checkClientId(input.clientId)
  const headers = checkHeaders(input.headers ?? {})
  checkWebhookUrl(input.url)
  demand(caller, 'webhook_create')
  demandTopics(caller, topics)
  await checkDestination(app, input.style, input.url)
  const filter = await readFilter(app, caller, input)
  const id = newId<WebhookId>()
  const secretOwner = input.secretOwner ?? `webhook:${id}`
  const { text, sealed } = newSecret(app, secretOwner, caller.orgId)
  const { orgId, projectId } = caller
  const { style, url, options = {}, limit = MAX_WEBHOOKS } = input
  const {
    webhook,
    created,
    newSecret: isNew,
  } = await app.store.run('webhooks.create', {
    webhook: {
      ...{ id, orgId, projectId, style, url, topics, secretOwner, options, clientId },
      ...filter,
      ...sealHeaders(app, id, headers),
    },
    secret: sealed,
    limit,
  })
  // Whoever may not see the twin must not learn more than that the name is in use.
  if (!created && !(await app.store.read.webhooks.within(reachOf(caller), webhook.id)))
    throw new Failure('conflict', 'This client_id belongs to another webhook')
  return { webhook, created, secret: isNew ? text : null }
}

async function checkDestination(app: App, style: WebhookStyle, url: string): Promise<void> {
  await app.webhooks.sender.check(url, calendarOf(style).reach)
}

type NamedFilter = Pick<CreateWebhook, 'mailboxes' | 'projects'>

async function readFilter(app: App, caller: Caller, { mailboxes = [], projects = [] }: NamedFilter) {
  const mailboxIds = await findMailboxes(app, caller, mailboxes)
  const projectIds = await findProjects(app, caller, projects)
  if (mailboxIds.length + projectIds.length > 0) return { allMailboxes: false, mailboxIds, projectIds }
  const { projectId, mailboxId } = reachOf(caller)
  if (mailboxId !== null) return { allMailboxes: false, mailboxIds: [mailboxId], projectIds }
  return { allMailboxes: projectId === null, mailboxIds, projectIds: projectId === null ? [] : [projectId] }
}

async function findProjects(app: App, caller: Caller, named: readonly string[]): Promise<ProjectId[]> {
  if (named.length > MAX_PROJECTS) throw invalid('pod_ids', `must have at most ${MAX_PROJECTS} entries`)
  const found = await Promise.all(named.map((name) => reachProject(app, caller, name)))
  return [...new Set(found.map(({ id }) => id))]
}

async function findMailboxes(app: App, caller: Caller, named: readonly string[]): Promise<MailboxId[]> {
  if (named.length > MAX_MAILBOXES) throw invalid('inbox_ids', `must have at most ${MAX_MAILBOXES} entries`)
  const found = await Promise.all(named.map((name) => reachMailbox(app, caller, name)))
  return [...new Set(found.map(({ id }) => id))]
}

export interface UpdateWebhook {
  url?: string
  topics?: readonly string[]
  /** The whole filter; empty is all mailboxes. */
  mailboxes?: readonly string[]
  addMailboxes?: readonly string[]
  removeMailboxes?: readonly string[]
  addProjects?: readonly string[]
  removeProjects?: readonly string[]
  enabled?: boolean
  options?: Record<string, unknown>
}

/** Changes what is given. `enabled: true` forgets the failures so far. */
export async function updateWebhook(app: App, caller: Caller, id: WebhookId, input: UpdateWebhook): Promise<Webhook> {
  const change: WebhookChange = {}
  if (input.topics) change.topics = checkTopics(input.topics)
  if (input.url !== undefined) checkWebhookUrl(input.url)
  demand(caller, 'webhook_update')
  if (change.topics) demandTopics(caller, change.topics)
  const webhook = await reachWebhook(app, caller, id)
  if (input.url !== undefined && input.url !== webhook.url) {
    await checkDestination(app, webhook.style, input.url)
    change.url = input.url
  }
  if (input.mailboxes) Object.assign(change, await readFilter(app, caller, { mailboxes: input.mailboxes }))
  if (input.addMailboxes) change.addMailboxIds = await findMailboxes(app, caller, input.addMailboxes)
  if (input.removeMailboxes) change.removeMailboxIds = await findMailboxes(app, caller, input.removeMailboxes)
  if (input.addProjects) change.addProjectIds = await findProjects(app, caller, input.addProjects)
  if (input.removeProjects) change.removeProjectIds = await findProjects(app, caller, input.removeProjects)
  if (input.enabled !== undefined) change.enabled = input.enabled
  if (input.options) change.options = input.options
  const { orgId } = webhook
  return app.store.run('webhooks.update', { orgId, id, change, maxMailboxes: MAX_MAILBOXES })
}

/** Sets and takes away custom headers, whose values nobody can read again. */
export async function updateWebhookHeaders(
  app: App,
  caller: Caller,
  id: WebhookId,
  input: { set?: CustomHeaders; remove?: readonly string[] },
): Promise<Webhook> {
  demand(caller, 'webhook_update')
  const webhook = await reachWebhook(app, caller, id)
  const set = checkHeaders(input.set ?? {})
  const gone = new Set([...(input.remove ?? []), ...Object.keys(set)].map((name) => name.toLowerCase()))
  const kept = Object.entries(openHeaders(app, webhook)).filter(([name]) => !gone.has(name.toLowerCase()))
  const change = sealHeaders(app, id, checkHeaders({ ...Object.fromEntries(kept), ...set }))
  return app.store.run('webhooks.update', { orgId: webhook.orgId, id, change, maxMailboxes: MAX_MAILBOXES })
}

/** Deletes a webhook and drops what waits for it. */
export async function deleteWebhook(app: App, caller: Caller, id: WebhookId): Promise<void> {
  demand(caller, 'webhook_delete')
  const { orgId } = await reachWebhook(app, caller, id)
  await app.store.run('webhooks.delete', { orgId, id })
}

/** A webhook that the caller may see; anything else is not found. */
export async function getWebhook(app: App, caller: Caller, id: WebhookId): Promise<Webhook> {
  demand(caller, 'webhook_read')
  return reachWebhook(app, caller, id)
}

/** Like `getWebhook`, for what is done with one: the permission asked for is that of the doing. */
export async function reachWebhook(app: App, caller: Caller, id: WebhookId): Promise<Webhook> {
  const webhook = await app.store.read.webhooks.within(reachOf(caller), id)
  if (!webhook) throw notFound('webhook')
  return webhook
}

/** The webhooks of some styles that the caller may see, newest first; with `mailbox`, those whose filter names it. */
export async function listWebhooks(
  app: App,
  caller: Caller,
  filter: { styles: readonly WebhookStyle[]; mailboxId?: MailboxId },
  page: PageRequest,
): Promise<Page<Webhook>> {
  demand(caller, 'webhook_read')
  return app.store.read.webhooks.list(reachOf(caller), filter, page)
}

/** The texts that sign now, the newest first, for the dialects that show them again. */
export async function readWebhookSecrets(app: App, caller: Caller, webhook: Webhook): Promise<string[]> {
  demand(caller, 'webhook_read')
  return openSecrets(app, await app.store.read.webhooks.secret(webhook.secretOwner), app.clock.now())
}

/** A new secret; the one before signs beside it for a day. */
export async function rotateWebhookSecret(app: App, caller: Caller, id: WebhookId): Promise<string> {
  demand(caller, 'webhook_update')
  const { secretOwner, orgId } = await reachWebhook(app, caller, id)
  const { text, sealed } = newSecret(app, secretOwner, orgId)
  await app.store.run('webhooks.rotate-secret', sealed)
  return text
}
