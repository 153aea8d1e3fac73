import type { JobId, MessageId } from '../ids.ts'
import type { Tx } from '../store.ts'
import { DELAY_NOTICE_AFTER_MS } from './backoff.ts'
import type { Delivery } from './model.ts'

/** What fails together is reported together: the refusals of other domains are seldom further behind. */
const GATHER_MS = 3_000

/**
 * Sees to it that the sender hears of what was given up, and once of what is late: a job in the transaction of the outcome, so that
 * no crash forgets it. Never for mail with a null reverse path (RFC 5321 §4.5.5): reports are not answered with reports.
 */
export async function planNotices(tx: Tx, tried: readonly Delivery[]): Promise<void> {
  const answerable = tried.filter((d) => d.mailFrom !== '')
  const failed = idsOf(answerable.filter((d) => d.status === 'failed'))
  const late = idsOf(answerable.filter((d) => isLate(d, tx.now)))
  const [first] = answerable
  if (!first) return
  const { orgId, mailboxId, messageId } = first
  const task = { kind: 'send-dsn' as const, orgId, mailboxId, messageId }
  if (late.length > 0) await tx.jobs.add({ ...task, action: 'delayed', deliveryIds: late }, tx.now)
  if (failed.length > 0) await tx.jobs.add({ ...task, action: 'failed' }, tx.now + GATHER_MS)
  await tx.outbound.markDelayTold(late, tx.now)
  await tx.outbound.markFailureNotice(failed, 'planned')
}

function isLate({ status, delayToldAt, createdAt }: Delivery, now: number): boolean {
  return status === 'queued' && delayToldAt === null && now >= createdAt + DELAY_NOTICE_AFTER_MS
}

/** The failures of a message that this job is to report: all that no other job has taken. Asked again, it answers the same. */
export async function takeFailures(tx: Tx, input: { jobId: JobId; messageId: MessageId }): Promise<Delivery[]> {
  await tx.hold(`message ${input.messageId}`)
  const deliveries = await tx.outbound.ofMessage(input.messageId)
  const own = deliveries.filter((d) => d.failureNotice === input.jobId)
  if (own.length > 0) return own
  const planned = deliveries.filter((d) => d.failureNotice === 'planned')
  await tx.outbound.markFailureNotice(idsOf(planned), input.jobId)
  return planned
}

const idsOf = (deliveries: readonly Delivery[]) => deliveries.map((d) => d.id)
