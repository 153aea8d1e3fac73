import type { DeliveryId, MailboxId, MessageId } from '../ids.ts'
import type { Tx } from '../store.ts'
import { canonicalOf } from '../suppressions/check.ts'
import { bounceOfAttempt } from './bounce.ts'
import type { LaneKey } from './lanes.ts'
import type { Captured, Delivery } from './model.ts'
import { planNotices } from './plan-notices.ts'
import { settle } from './settle.ts'
import type { DeliveryOutcome } from './store.ts'

/** Takes due deliveries for one worker. They are on record as `sending` before anybody dials. */
export async function claimDeliveries(
  tx: Tx,
  input: { leaseMs: number; limit: number; except?: LaneKey[]; queuedOnly?: boolean },
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
 * Puts on record what became of the claimed deliveries of one message, with all that follows from it. Nothing happens when it is said
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
  // Other deliveries of this message may come to their end at the same moment, and one of us must see all of them.
  await tx.hold(`message ${input.messageId}`)
  const changed = new Set(await tx.outbound.record(input.outcomes, tx.now, { unlessEnded: true }))
  if (changed.size === 0) return
  // The message may have been deleted while it was on its way.
  const message = await tx.messages.get(input.mailboxId, input.messageId)
  if (!message) return
  if (input.captured) await tx.outbound.insertCaptured({ ...input.captured, subject: message.subject })
  const deliveries = await tx.outbound.ofMessage(message.id)
  const tried = deliveries.filter((d) => changed.has(d.id))
  await settle(tx, message, { deliveries, changed })
  await suppressDead(tx, tried)
  await planNotices(tx, tried)
}

// The recipient's own server has just told us so itself. Of our own addresses we know better: they may be made tomorrow.
async function suppressDead(tx: Tx, tried: Delivery[]): Promise<void> {
  for (const delivery of tried) {
    if (delivery.status !== 'failed' || !bounceOfAttempt(delivery.attempts.at(-1)).hard) continue
    if (await tx.domains.isLocal(delivery.domain)) continue
    const { orgId, id, recipient } = delivery
    const fields = { address: canonicalOf(recipient), reason: 'hard_bounce' as const, deliveryId: id }
    await tx.suppressions.add({ orgId, ...fields, createdAt: tx.now })
  }
}
