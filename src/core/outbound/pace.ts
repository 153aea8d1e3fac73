import { Failure } from '../errors.ts'
import type { Message } from '../messages/model.ts'
import type { SentWithin } from '../messages/store.ts'
import type { Tx } from '../store.ts'

/** How fast may be sent; 0 is no limit. */
export interface Pace {
  sendsPerMinute: number
  orgSendsPerMinute: number
  threadSendsPerHour: number
}

/** Refuses what would go over the pace, counted in the store so that every node and every restart agrees. */
export async function keepPace(
  tx: Tx,
  { orgId, mailboxId, threadId }: Pick<Message, 'orgId' | 'mailboxId' | 'threadId'>,
  pace: Pace,
): Promise<void> {
  const minute = { windowMs: 60_000 }
  await refuseOver(tx, { mailboxId }, { ...minute, limit: pace.sendsPerMinute, what: 'a minute from one mailbox' })
  const hour = { windowMs: 3_600_000 }
  await refuseOver(
    tx,
    { mailboxId, threadId },
    { ...hour, limit: pace.threadSendsPerHour, what: 'an hour in one thread' },
  )
  if (pace.orgSendsPerMinute === 0) return
  // Last of the three: whoever waits here holds its mailbox, and nobody who holds this waits for a mailbox.
  await tx.hold(`pace ${orgId}`)
  await refuseOver(tx, { orgId }, { ...minute, limit: pace.orgSendsPerMinute, what: 'a minute from one organization' })
}

async function refuseOver(
  tx: Tx,
  within: SentWithin,
  { limit, windowMs, what }: { limit: number; windowMs: number; what: string },
): Promise<void> {
  if (limit === 0) return
  const oldest = await tx.messages.nthLatestSent(within, tx.now - windowMs + 1, limit)
  if (oldest === undefined) return
  // There is room again when the oldest of those that fill the window has left it.
  const resetAt = oldest + windowMs
  throw new Failure('rate_limited', `More than ${limit} messages ${what}`, {
    retryAfterSeconds: Math.max(1, Math.ceil((resetAt - tx.now) / 1000)),
    rate: { limit, resetAt },
  })
}
