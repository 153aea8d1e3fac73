import { wholeOrganization } from '../accounts/caller.ts'
import { checkProject } from '../accounts/check-project.ts'
import { Failure, invalid, notFound } from '../errors.ts'
import type { MailboxId, OrgId, ProjectId, WebhookId } from '../ids.ts'
import type { Tx } from '../store.ts'
import { calendarOf } from './calendar.ts'
import { laneOf } from './match.ts'
import type { DisabledReason, Webhook, WebhookStyle } from './model.ts'
import { ensureSecret, type NewSecret } from './secret-commands.ts'

/** Styles that show each other's webhooks, and so share a limit and the names their makers give. */
const families: Record<WebhookStyle, readonly WebhookStyle[]> = {
  agents: ['agents', 'agents-v0'],
  'agents-v0': ['agents', 'agents-v0'],
  automation: ['automation'],
  disposable: ['disposable'],
  mailboxes: ['mailboxes'],
}

export type NewWebhook = Omit<
  Webhook,
  'enabled' | 'disabledReason' | 'sinceSeq' | 'failures' | 'failingSince' | 'pausedUntil' | 'createdAt' | 'updatedAt'
>

/**
 * Makes a webhook that gets every event from now on, and its secret when its owner has none. The same `clientId` with the same URL
 * answers the webhook that is there. `limit` counts the webhooks of the organization in this dialect.
 */
export async function createWebhook(
  tx: Tx,
  input: { webhook: NewWebhook; secret: NewSecret; limit: number | null },
): Promise<{ webhook: Webhook; created: boolean; newSecret: boolean }> {
  const { webhook: wanted } = input
  await tx.accounts.lockOrganization(wanted.orgId)
  const twin = await findTwin(tx, wanted)
  if (twin) return { webhook: twin, created: false, newSecret: false }
  await checkLimit(tx, wanted, input.limit)
  await checkProject(tx, wanted)
  await checkFilter(tx, wanted.orgId, wanted)
  const failing = { failures: 0, failingSince: null, pausedUntil: null }
  const times = { createdAt: tx.now, updatedAt: tx.now }
  const sinceSeq = await startHere(tx)
  const webhook: Webhook = { ...wanted, ...failing, ...times, enabled: true, disabledReason: null, sinceSeq }
  await tx.webhooks.insert(webhook)
  const { created: newSecret } = await ensureSecret(tx, input.secret)
  return { webhook, created: true, newSecret }
}

async function findTwin(tx: Tx, wanted: NewWebhook): Promise<Webhook | undefined> {
  if (wanted.clientId === null) return undefined
  const twin = await tx.webhooks.byClientId(wanted.orgId, families[wanted.style], wanted.clientId)
  if (twin && twin.url !== wanted.url && wanted.style !== 'agents-v0') {
    throw new Failure('conflict', 'This client_id belongs to another webhook')
  }
  return twin
}

async function checkLimit(tx: Tx, { orgId, style }: NewWebhook, limit: number | null): Promise<void> {
  if (limit === null) return
  const { total } = await tx.webhooks.list(wholeOrganization(orgId), { styles: families[style] }, { limit: 0 })
  if (total >= limit) throw new Failure('limit_reached', `An organization may have ${limit} webhooks`)
}

type Filter = Pick<Webhook, 'mailboxIds' | 'projectIds'>

async function checkFilter(tx: Tx, orgId: OrgId, { mailboxIds, projectIds }: Filter): Promise<void> {
  for (const projectId of projectIds) await checkProject(tx, { orgId, projectId })
  for (const id of mailboxIds) if (!(await tx.mailboxes.get(orgId, id))) throw notFound('mailbox')
}

// Nobody follows the log while no webhook is enabled, so the first one to be moves the position to where the log is now.
async function startHere(tx: Tx): Promise<number> {
  await tx.webhooks.holdPosition()
  const seq = await tx.events.position()
  if (!(await tx.webhooks.anyEnabled())) await tx.webhooks.moveTo(seq)
  return seq
}

export type WebhookChange = Partial<
  Pick<
    Webhook,
    | 'url'
    | 'topics'
    | 'allMailboxes'
    | 'mailboxIds'
    | 'projectIds'
    | 'enabled'
    | 'headerNames'
    | 'sealedHeaders'
    | 'options'
  >
> & {
  /** Added to, or taken out of, the filter as it is now. */
  addMailboxIds?: MailboxId[]
  removeMailboxIds?: MailboxId[]
  addProjectIds?: ProjectId[]
  removeProjectIds?: ProjectId[]
}

/** Changes what is given. Disabling drops what waits; enabling begins anew with the events from now on. */
export async function updateWebhook(
  tx: Tx,
  input: { orgId: OrgId; id: WebhookId; change: WebhookChange; maxMailboxes: number },
): Promise<Webhook> {
  await tx.accounts.lockOrganization(input.orgId)
  const webhook = await tx.webhooks.get(input.orgId, input.id)
  if (!webhook) throw notFound('webhook')
  const {
    addMailboxIds = [],
    removeMailboxIds = [],
    addProjectIds = [],
    removeProjectIds = [],
    ...fields
  } = input.change
  const changed: Webhook = { ...webhook, ...fields, updatedAt: tx.now }
  changed.mailboxIds = without(removeMailboxIds, [...changed.mailboxIds, ...addMailboxIds])
  changed.projectIds = without(removeProjectIds, [...changed.projectIds, ...addProjectIds])
  if (addMailboxIds.length + addProjectIds.length > 0) changed.allMailboxes = false
  if (changed.mailboxIds.length > input.maxMailboxes) {
    throw invalid('inbox_ids', `must have at most ${input.maxMailboxes} entries`)
  }
  await checkFilter(tx, webhook.orgId, {
    mailboxIds: without(webhook.mailboxIds, changed.mailboxIds),
    projectIds: without(webhook.projectIds, changed.projectIds),
  })
  await switchWebhook(tx, webhook, changed, input.change.enabled)
  await tx.webhooks.update(changed)
  if (changed.url !== webhook.url) await tx.webhooks.changeLane(webhook.id, laneOf(changed))
  return changed
}

/** Each once, in their order. */
function without<T>(gone: readonly T[], all: readonly T[]): T[] {
  return [...new Set(all)].filter((one) => !gone.includes(one))
}

async function switchWebhook(tx: Tx, before: Webhook, after: Webhook, enabled: boolean | undefined): Promise<void> {
  if (enabled === true) {
    if (isEmpty(after)) {
      throw invalid('enabled', 'the filter of this webhook is empty: what it named was deleted')
    }
    Object.assign(after, { disabledReason: null, failures: 0, failingSince: null, pausedUntil: null })
    await tx.webhooks.clearFailures(before.id)
    if (!before.enabled) after.sinceSeq = await startHere(tx)
  }
  if (enabled === false && before.enabled) {
    after.disabledReason = 'request'
    await tx.webhooks.cancelOfWebhook(before.id, tx.now)
  }
}

/** Deletes a webhook and drops what waits for it; the log of what was sent stays for its time. */
export async function deleteWebhook(tx: Tx, input: { orgId: OrgId; id: WebhookId }): Promise<void> {
  const webhook = await tx.webhooks.get(input.orgId, input.id)
  if (!webhook) throw notFound('webhook')
  await erase(tx, webhook)
}

async function erase(tx: Tx, webhook: Webhook): Promise<void> {
  await tx.webhooks.cancelOfWebhook(webhook.id, tx.now)
  await tx.webhooks.delete(webhook.id)
  if (webhook.secretOwner === `webhook:${webhook.id}`) await tx.webhooks.deleteSecret(webhook.secretOwner)
}

/** Switches a webhook off because of what happened to it, if it is not off already. */
export async function disableWebhook(
  tx: Tx,
  { orgId, id }: Pick<Webhook, 'orgId' | 'id'>,
  disabledReason: DisabledReason,
): Promise<void> {
  await tx.accounts.lockOrganization(orgId)
  const webhook = await tx.webhooks.get(orgId, id)
  if (!webhook?.enabled) return
  await tx.webhooks.update({ ...webhook, enabled: false, disabledReason, updatedAt: tx.now })
  await tx.webhooks.cancelOfWebhook(id, tx.now)
}

function isEmpty({ allMailboxes, mailboxIds, projectIds }: Filter & Pick<Webhook, 'allMailboxes'>): boolean {
  return !allMailboxes && mailboxIds.length + projectIds.length === 0
}

/**
 * A mailbox is deleted, in the same transaction: it leaves every filter. A webhook without a filter left must not turn into one for
 * all mailboxes: it is switched off, or deleted where it is nothing but a property of the mailbox.
 */
export async function forgetMailbox(tx: Tx, orgId: OrgId, id: MailboxId): Promise<void> {
  await tx.webhooks.cancelOfMailbox(id, tx.now)
  await shrinkFilters(tx, orgId, { mailboxId: id })
}

/** The same for a project. */
export async function forgetProject(tx: Tx, orgId: OrgId, id: ProjectId): Promise<void> {
  await shrinkFilters(tx, orgId, { projectId: id })
}

async function shrinkFilters(
  tx: Tx,
  orgId: OrgId,
  gone: { mailboxId: MailboxId } | { projectId: ProjectId },
): Promise<void> {
  const everywhere = wholeOrganization(orgId)
  if ((await tx.webhooks.list(everywhere, gone, { limit: 0 })).total === 0) return
  await tx.accounts.lockOrganization(orgId)
  const { items } = await tx.webhooks.list(everywhere, gone, { limit: 10_000 })
  for (const webhook of items) {
    const mailboxIds = 'mailboxId' in gone ? without([gone.mailboxId], webhook.mailboxIds) : webhook.mailboxIds
    const projectIds = 'projectId' in gone ? without([gone.projectId], webhook.projectIds) : webhook.projectIds
    const changed: Webhook = { ...webhook, mailboxIds, projectIds, updatedAt: tx.now }
    if (isEmpty(changed) && calendarOf(webhook.style).livesWithMailbox) {
      await erase(tx, webhook)
      continue
    }
    await tx.webhooks.update(changed)
    if (isEmpty(changed)) await disableWebhook(tx, webhook, 'filter_empty')
  }
}
