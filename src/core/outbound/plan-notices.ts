import type { Tx } from '../store.ts'
import { DELAY_NOTICE_AFTER_MS } from './backoff.ts'
import type { Delivery } from './model.ts'

/**
 * Sees to it that the sender hears of what was given up, and once of what is late: a job in the transaction of the outcome, so that
 * no crash forgets it. Never for mail with a null reverse path (RFC 5321 §4.5.5): reports are not answered with reports.
 */
export async function planNotices(tx: Tx, tried: readonly Delivery[]): Promise<void> {
  const answerable = tried.filter((d) => d.mailFrom !== '')
  const failed = answerable.filter((d) => d.status === 'failed')
  const late = answerable.filter((d) => isLate(d, tx.now))
  await tx.outbound.markDelayTold(
    late.map((d) => d.id),
    tx.now,
  )
  await plan(tx, 'failed', failed)
  await plan(tx, 'delayed', late)
}

function isLate({ status, delayToldAt, createdAt }: Delivery, now: number): boolean {
  return status === 'queued' && delayToldAt === null && now >= createdAt + DELAY_NOTICE_AFTER_MS
}

async function plan(tx: Tx, action: 'failed' | 'delayed', deliveries: Delivery[]): Promise<void> {
  const [first] = deliveries
  if (!first) return
  const { orgId, mailboxId, messageId } = first
  const deliveryIds = deliveries.map((d) => d.id)
  await tx.jobs.add({ kind: 'send-dsn', action, orgId, mailboxId, messageId, deliveryIds }, tx.now)
}
