import type { LoggedEvent } from '../events/model.ts'
import { newId, type WebhookDeliveryId } from '../ids.ts'
import { calendarOf } from './calendar.ts'
import type { Webhook, WebhookDelivery, WebhookEvent } from './model.ts'
import type { QueuedDelivery } from './store.ts'
import { topicOf } from './topics.ts'

/** The deliveries that these entries of the log give, in their order. `webhooks` may hold ones that want none of them. */
export function match(events: readonly LoggedEvent[], webhooks: readonly Webhook[], now: number): QueuedDelivery[] {
  const byOrganization = Map.groupBy(webhooks, (webhook) => webhook.orgId)
  return events.flatMap((event) => {
    const topic = topicOf(event)
    if (!topic) return []
    const told: WebhookEvent = { ...event, topic, test: false }
    const interested = byOrganization.get(event.orgId)?.filter((webhook) => wants(webhook, told)) ?? []
    return interested.map((webhook) => toDelivery(webhook, told, now))
  })
}

/** True when the webhook was there for this event and asks for it. What is nobody's mailbox comes to webhooks without a filter only. */
export function wants(webhook: Webhook, event: WebhookEvent): boolean {
  if (!webhook.enabled || event.seq <= webhook.sinceSeq || !webhook.topics.includes(event.topic)) return false
  return webhook.allMailboxes || (event.mailboxId !== null && webhook.mailboxIds.includes(event.mailboxId))
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
