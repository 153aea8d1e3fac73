import { Failure, notFound } from '../errors.ts'
import type { MailboxId, OrgId, WebhookDeliveryId, WebhookId } from '../ids.ts'
import type { Tx } from '../store.ts'
import { match, toDelivery } from './match.ts'
import type { Webhook, WebhookDelivery, WebhookEvent } from './model.ts'
import type { QueuedDelivery } from './store.ts'

/** Matches the next entries of the event log; answers how many there were. The position moves with the deliveries, in one commit. */
export async function followEvents(tx: Tx, input: { limit: number }): Promise<number> {
  const from = await tx.webhooks.holdPosition()
  const events = await tx.events.after(from, input.limit)
  const last = events.at(-1)
  if (!last) return 0
  const mailboxes = new Set(events.map((event) => event.mailboxId).filter((id): id is MailboxId => id !== null))
  const webhooks = await tx.webhooks.candidates([...new Set(events.map((event) => event.orgId))], [...mailboxes])
  const anyProject = webhooks.some(({ projectIds }) => projectIds.length > 0)
  const places = anyProject ? await tx.mailboxes.placesOf([...mailboxes]) : new Map()
  await tx.webhooks.enqueue(match(events, webhooks, places, tx.now))
  await tx.webhooks.moveTo(last.seq)
  return events.length
}

/** Takes due deliveries for one worker: on record before anybody is asked. */
export async function claimWebhookDeliveries(
  tx: Tx,
  input: { leaseMs: number; limit: number; except: OrgId[] },
): Promise<WebhookDelivery[]> {
  return tx.webhooks.claim(tx.now, tx.now + input.leaseMs, input.limit, input.except)
}

/** Gives claimed deliveries back unattempted, at shutdown. */
export async function releaseWebhookDeliveries(tx: Tx, input: { ids: WebhookDeliveryId[] }): Promise<void> {
  await tx.webhooks.release(input.ids, tx.now)
}

/** Ends a claimed delivery that has nobody to go to, or nothing to tell. */
export async function cancelWebhookDelivery(tx: Tx, input: { orgId: OrgId; id: WebhookDeliveryId }): Promise<void> {
  const delivery = await tx.webhooks.hold(input.orgId, input.id)
  if (delivery?.state !== 'pending') return
  await tx.webhooks.record({ id: input.id, state: 'cancelled', nextAttemptAt: null, attempt: null }, tx.now)
}

/** Queues samples that are in no log. */
export async function enqueueSamples(
  tx: Tx,
  input: { orgId: OrgId; id: WebhookId; events: WebhookEvent[] },
): Promise<WebhookDelivery[]> {
  const webhook = await tx.webhooks.get(input.orgId, input.id)
  if (!webhook) throw notFound('webhook')
  if (!webhook.enabled) throw new Failure('conflict', 'This webhook is disabled')
  const queued = input.events.map((event) => toDelivery(webhook, event, tx.now))
  await enqueueAndTell(tx, webhook, queued)
  return queued.map(({ delivery }) => delivery)
}

/** Tells an event again: a delivery of its own, with the same event. */
export async function replayWebhookDelivery(
  tx: Tx,
  input: { orgId: OrgId; id: WebhookDeliveryId },
): Promise<WebhookDelivery> {
  const first = await tx.webhooks.delivery(input.orgId, input.id)
  if (!first) throw notFound('webhook delivery')
  const webhook = await tx.webhooks.get(input.orgId, first.webhookId)
  if (!webhook?.enabled) throw new Failure('conflict', 'This webhook is disabled or deleted')
  if (!webhook.topics.includes(first.event.topic)) {
    throw new Failure('conflict', 'This webhook does not want such events any more')
  }
  const queued = toDelivery(webhook, first.event, tx.now, true)
  await enqueueAndTell(tx, webhook, [queued])
  return queued.delivery
}

// Workers wake with the event log, wherever they run.
async function enqueueAndTell(tx: Tx, { orgId, id }: Webhook, queued: QueuedDelivery[]): Promise<void> {
  await tx.webhooks.enqueue(queued)
  const nothing = { mailboxId: null, threadId: null, messageId: null }
  await tx.events.append({ orgId, ...nothing, type: 'webhook.queued', payload: { webhookId: id } })
}

/** Forgets what was sent before `before`; a bite at a time. */
export async function sweepWebhookDeliveries(tx: Tx, input: { before: number; limit: number }): Promise<number> {
  return tx.webhooks.sweep(input.before, input.limit)
}
