import type { LoggedEvent } from '../events/model.ts'
import { type MailboxId, newId, type ProjectId, type WebhookDeliveryId } from '../ids.ts'
import { calendarOf } from './calendar.ts'
import type { Webhook, WebhookDelivery, WebhookEvent } from './model.ts'
import type { QueuedDelivery } from './store.ts'
import { topicOf } from './topics.ts'

type Places = ReadonlyMap<MailboxId, { projectId: ProjectId }>

/**
 * The deliveries that these entries of the log give, in their order. `webhooks` may hold ones that want none of them; `places` has
 * the mailboxes of the entries where a webhook asks for projects.
 */
export function match(
  events: readonly LoggedEvent[],
  webhooks: readonly Webhook[],
  places: Places,
  now: number,
): QueuedDelivery[] {
  const byOrganization = Map.groupBy(webhooks, (webhook) => webhook.orgId)
  return events.flatMap((event) => {
    const topic = topicOf(event)
    if (!topic) return []
    const told: WebhookEvent = { ...event, topic, test: false }
    const interested =
      byOrganization.get(event.orgId)?.filter((webhook) => wants(webhook, told, projectOf(told, places))) ?? []
    return interested.map((webhook) => toDelivery(webhook, told, now))
  })
}

// What is in no mailbox says itself where it is.
function projectOf({ mailboxId, payload }: LoggedEvent, places: Places) {
  return mailboxId === null ? (payload.projectId as ProjectId | undefined) : places.get(mailboxId)?.projectId
}

/** True when the webhook was there for this event and asks for it, for its mailbox or for its project. */
export function wants(webhook: Webhook, event: WebhookEvent, project: ProjectId | undefined): boolean {
  if (!webhook.enabled || event.seq <= webhook.sinceSeq || !webhook.topics.includes(event.topic)) return false
  if (webhook.allMailboxes || (project !== undefined && webhook.projectIds.includes(project))) return true
  return event.mailboxId !== null && webhook.mailboxIds.includes(event.mailboxId)
}

/** A delivery that is due at once, or when its webhook's pause is over. */
export function toDelivery(webhook: Webhook, event: WebhookEvent, now: number, replay = false): QueuedDelivery {
  const delivery: WebhookDelivery = {
    id: newId<WebhookDeliveryId>(),
    orgId: webhook.orgId,
    webhookId: webhook.id,
    ...{ event, replay, state: 'pending' },
    nextAttemptAt: Math.max(now, webhook.pausedUntil ?? 0),
    leaseUntil: null,
    attemptCount: 0,
    attempts: [],
    createdAt: now,
    updatedAt: now,
  }
  return { delivery, lane: laneOf(webhook) }
}

/** The queue whose slots this webhook's deliveries share. */
export function laneOf(webhook: Pick<Webhook, 'id' | 'orgId' | 'style' | 'url'>): QueuedDelivery['lane'] {
  const { lane, slots } = calendarOf(webhook.style)
  // Never across organizations: nobody's slow receiver may hold up somebody else's, even on the same host.
  const name = lane === 'webhook' ? `webhook ${webhook.id}` : `host ${webhook.orgId} ${new URL(webhook.url).host}`
  return { name, slots }
}
