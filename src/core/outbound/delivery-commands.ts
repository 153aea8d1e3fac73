import type { DeliveryId, MailboxId, MessageId } from '../ids.ts'
import type { OutboundStatus } from '../messages/model.ts'
import type { Tx } from '../store.ts'
import type { Captured, Delivery } from './model.ts'
import { overallStatus } from './status.ts'
import type { DeliveryOutcome } from './store.ts'

/** Takes due deliveries for one worker. They are on record as `sending` before anybody dials. */
export async function claimDeliveries(
  tx: Tx,
  input: { leaseMs: number; limit: number; except?: string[]; queuedOnly?: boolean },
): Promise<Delivery[]> {
  const { leaseMs, limit, except, queuedOnly } = input
  return tx.outbound.claim(tx.now, tx.now + leaseMs, limit, { except, queuedOnly })
}

/** Holds claimed deliveries for longer: their worker is alive. */
export async function renewDeliveries(tx: Tx, input: { ids: DeliveryId[]; leaseMs: number }): Promise<void> {
  await tx.outbound.renew(input.ids, tx.now + input.leaseMs)
}

/** Gives claimed deliveries back untried, at shutdown. */
export async function releaseDeliveries(tx: Tx, input: { ids: DeliveryId[] }): Promise<void> {
  await tx.outbound.release(input.ids)
}

/** Takes back what dead workers held. Only for a worker that is alone. */
export async function releaseAllDeliveries(tx: Tx, _input: Record<string, never>): Promise<void> {
  await tx.outbound.releaseAll()
}

/**
 * Puts on record what became of the claimed deliveries of one message, with its status and events. Nothing happens when it is said
 * again: whoever does not know whether a record was kept may repeat it.
 */
export async function recordOutcomes(
  tx: Tx,
  input: {
    mailboxId: MailboxId
    messageId: MessageId
    outcomes: DeliveryOutcome[]
    captured: Omit<Captured, 'subject'> | null
  },
): Promise<void> {
  const recorded = new Set(await tx.outbound.record(input.outcomes, tx.now))
  if (recorded.size === 0) return
  // The message may have been deleted while it was on its way.
  const message = await tx.messages.get(input.mailboxId, input.messageId)
  if (!message) return
  if (input.captured) await tx.outbound.insertCaptured({ ...input.captured, subject: message.subject })
  const deliveries = await tx.outbound.ofMessage(message.id)
  const outcomes = input.outcomes.filter(({ id }) => recorded.has(id))
  const status = overallStatus(deliveries)
  if (status !== message.status) await tx.messages.updateStatus(message.id, status, tx.now)
  const told = { orgId: message.orgId, mailboxId: message.mailboxId, threadId: message.threadId, messageId: message.id }
  for (const event of eventsOf(message.status, status, deliveries, outcomes)) {
    await tx.events.append({ ...told, ...event })
  }
}

type Told = { type: 'message.sent' | 'message.delivered' | 'message.bounced'; payload: Record<string, unknown> }

function eventsOf(
  before: OutboundStatus | null,
  after: OutboundStatus,
  deliveries: Delivery[],
  outcomes: DeliveryOutcome[],
): Told[] {
  const told: Told[] = []
  const recipientsNow = (status: string) => {
    const ids = new Set(outcomes.filter((o) => o.status === status).map((o) => o.id))
    return deliveries.filter((d) => ids.has(d.id))
  }
  if (before === 'queued' && (after === 'sent' || after === 'delivered')) {
    told.push({ type: 'message.sent', payload: { recipients: deliveries.map((d) => d.recipient) } })
  }
  const delivered = recipientsNow('delivered')
  if (delivered.length > 0) {
    told.push({ type: 'message.delivered', payload: { recipients: delivered.map((d) => d.recipient) } })
  }
  const failed = recipientsNow('failed')
  if (failed.length > 0) {
    const recipients = failed.map((d) => ({
      address: d.recipient,
      status: d.attempts.at(-1)?.enhancedCode ?? null,
    }))
    told.push({ type: 'message.bounced', payload: { bounceType: 'Permanent', subType: 'General', recipients } })
  }
  return told
}
