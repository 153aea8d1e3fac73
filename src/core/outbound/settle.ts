import type { DeliveryId } from '../ids.ts'
import type { Message, OutboundStatus } from '../messages/model.ts'
import type { Tx } from '../store.ts'
import { type Bounce, bounceOfAttempt } from './bounce.ts'
import type { Attempt, Delivery } from './model.ts'
import { handedOver, overallStatus } from './status.ts'

export interface Change {
  /** All deliveries of the message, as they are now. */
  deliveries: Delivery[]
  /** Those that have just changed. */
  changed: ReadonlySet<DeliveryId>
  /** What a report said of those that failed; without one their last attempt tells. */
  bounces?: ReadonlyMap<DeliveryId, Bounce>
}

/** Brings a message's status in line with its deliveries and tells what has changed. */
export async function settle(tx: Tx, message: Message, change: Change): Promise<void> {
  const after = statusOf(message, change.deliveries)
  if (after !== message.status) await tx.messages.updateStatus(message.id, after, tx.now)
  for (const event of eventsOf(message.status, after, change)) await append(tx, message, event)
}

// A complaint is the last word on a message.
function statusOf(message: Message, deliveries: Delivery[]): OutboundStatus {
  return message.status === 'complained' ? 'complained' : overallStatus(deliveries)
}

export interface Told {
  type:
    | 'message.sent'
    | 'message.delivered'
    | 'message.bounced'
    | 'message.rejected'
    | 'message.complained'
    | 'message.opened'
  payload: Record<string, unknown>
}

/** Adds an event of a message to the log. */
export async function append(tx: Tx, message: Message, event: Told): Promise<void> {
  const { orgId, mailboxId, threadId, id } = message
  await tx.events.append({ orgId, mailboxId, threadId, messageId: id, ...event })
}

function eventsOf(before: OutboundStatus | null, after: OutboundStatus, change: Change): Told[] {
  const { deliveries, changed } = change
  const told: Told[] = []
  if (isFirstHandOver(change)) {
    told.push({ type: 'message.sent', payload: { recipients: deliveries.map((d) => d.recipient) } })
  }
  const delivered = deliveries.filter((d) => changed.has(d.id) && d.status === 'delivered')
  if (delivered.length > 0) {
    told.push({ type: 'message.delivered', payload: { recipients: delivered.map((d) => d.recipient) } })
  }
  told.push(...bouncesOf(change))
  if (after === 'rejected' && before !== 'rejected') {
    told.push({ type: 'message.rejected', payload: { reason: deliveries[0]?.status ?? 'cancelled' } })
  }
  return told
}

// Whatever became of the other recipients. One that failed by a later report was handed over before.
function isFirstHandOver({ deliveries, changed }: Change): boolean {
  if (!deliveries.some((d) => changed.has(d.id) && handedOver.includes(d.status))) return false
  return !deliveries.some((d) => !changed.has(d.id) && (handedOver.includes(d.status) || d.attempts.some(wasTaken)))
}

function wasTaken({ replyCode }: Attempt): boolean {
  return replyCode !== null && replyCode >= 200 && replyCode < 300
}

function bouncesOf({ deliveries, changed, bounces }: Change): Told[] {
  const failed = deliveries.filter((d) => changed.has(d.id) && d.status === 'failed')
  const judged = failed.map((d) => ({ ...(bounces?.get(d.id) ?? bounceOfAttempt(d.attempts.at(-1))), of: d }))
  const groups = Map.groupBy(judged, ({ bounceType, subType }) => `${bounceType} ${subType}`)
  return [...groups.values()].map((group) => ({
    type: 'message.bounced',
    payload: {
      bounceType: group[0]?.bounceType,
      subType: group[0]?.subType,
      recipients: group.map(({ of, status }) => ({ address: of.recipient, status })),
    },
  }))
}
