import { type Caller, demand, demandManyMailboxes } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { Failure, notFound } from '../errors.ts'
import { type MailboxId, newId } from '../ids.ts'
import type { Tally } from '../messages/store.ts'
import type { Page } from '../paging.ts'
import type { Webhook } from '../webhooks/model.ts'
import { planOwnWebhook } from '../webhooks/own-webhook.ts'
import type { MailboxChange, NewMailbox } from './commands.ts'
import { drawHookAddress } from './hook-address.ts'
import type { OwnWebhook } from './hook-commands.ts'
import { checkDisplayName, findMailbox, listMailboxes, reachMailbox } from './mailboxes.ts'
import { type Mailbox, type MailboxPolicy, openPolicy } from './model.ts'
import { checkPolicy } from './policy.ts'
import type { MailboxPage } from './store.ts'

/** Two of a thousand million selectors are the same; three times in a row is a fault of ours. */
const DRAWS = 3

export interface CreateHookMailbox {
  id?: MailboxId
  displayName: string
  policy: Partial<MailboxPolicy>
  enabled?: boolean
  /** Where each message is posted to. */
  webhookUrl?: string | null
}

/** Makes a mailbox under an address that nobody can guess. It keeps the same bytes once, and hides nothing that it takes. */
export async function createHookMailbox(app: App, caller: Caller, input: CreateHookMailbox): Promise<Mailbox> {
  const displayName = checkDisplayName(input.displayName)
  const policy = { ...openPolicy, showsSuspects: true, sameBytesOnce: true, ...checkPolicy(app, input.policy) }
  demandManyMailboxes(caller, 'mailbox_create')
  const id = input.id ?? newId<MailboxId>()
  const webhook = input.webhookUrl ? await planOwnWebhook(app, caller, id, input.webhookUrl) : null
  const { orgId, projectId, keyName: createdBy } = caller
  const { enabled = true } = input
  return makeUnderFreeAddress(
    app,
    { id, orgId, projectId, displayName, policy, enabled, createdBy, clientId: null },
    webhook,
  )
}

async function makeUnderFreeAddress(
  app: App,
  mailbox: Omit<NewMailbox, 'localPart' | 'domain'>,
  webhook: OwnWebhook | null,
): Promise<Mailbox> {
  for (let draw = 1; ; draw++) {
    const { selector, localPart, domain } = drawHookAddress(app)
    try {
      const input = { mailbox: { ...mailbox, localPart, domain }, selector, webhook }
      return await app.store.run('mailboxes.create-hook', input)
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'taken' || draw === DRAWS) throw error
    }
  }
}

/** A mailbox with what is told of it where mail is handled. */
export interface MailboxState {
  mailbox: Mailbox
  tally: Tally
  imapSources: number
  webhook: Webhook | undefined
}

/** One mailbox and its state. */
export async function getMailboxState(app: App, caller: Caller, idOrAddress: string): Promise<MailboxState> {
  const [state] = await withState(app, [await findMailbox(app, caller, idOrAddress)])
  if (!state) throw notFound('mailbox')
  return state
}

/** The mailboxes the caller may see, each with its state. */
export async function listMailboxStates(app: App, caller: Caller, page: MailboxPage): Promise<Page<MailboxState>> {
  const { items, total } = await listMailboxes(app, caller, page)
  return { items: await withState(app, items), total }
}

async function withState(app: App, mailboxes: Mailbox[]): Promise<MailboxState[]> {
  const ids = mailboxes.map(({ id }) => id)
  const [tallies, sources, webhooks] = await Promise.all([
    app.store.read.messages.tally(ids, app.clock.now()),
    app.store.read.imapSources.counts(ids),
    app.store.read.webhooks.ofMailboxes('automation', ids),
  ])
  return mailboxes.map((mailbox) => {
    const tally = tallies.get(mailbox.id) ?? { messages: 0, unhandled: 0 }
    return { mailbox, tally, imapSources: sources.get(mailbox.id) ?? 0, webhook: webhooks.get(mailbox.id) }
  })
}

export interface ConfigureMailbox {
  displayName?: string
  enabled?: boolean
  policy?: Partial<MailboxPolicy>
  /** Null takes it away. */
  webhookUrl?: string | null
}

/** Changes what is given about a mailbox, its webhook with it. */
export async function configureMailbox(
  app: App,
  caller: Caller,
  idOrAddress: string,
  input: ConfigureMailbox,
): Promise<Mailbox> {
  const change: MailboxChange = {}
  if (input.displayName !== undefined) change.displayName = checkDisplayName(input.displayName)
  if (input.enabled !== undefined) change.enabled = input.enabled
  if (input.policy && Object.keys(input.policy).length > 0) change.policy = checkPolicy(app, input.policy)
  demand(caller, 'mailbox_update')
  const { id, orgId } = await reachMailbox(app, caller, idOrAddress)
  const { webhookUrl } = input
  if (webhookUrl === undefined) return app.store.run('mailboxes.configure', { orgId, id, change })
  if (webhookUrl === null) demand(caller, 'webhook_delete')
  const webhook = webhookUrl === null ? null : await planOwnWebhook(app, caller, id, webhookUrl)
  return app.store.run('mailboxes.configure', { orgId, id, change, webhook })
}
