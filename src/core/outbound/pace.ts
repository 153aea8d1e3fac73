import { Failure } from '../errors.ts'
import type { MailboxId, ThreadId } from '../ids.ts'
import type { Tx } from '../store.ts'

/** How fast a mailbox may send; 0 is no limit. */
export interface Pace {
  sendsPerMinute: number
  threadSendsPerHour: number
}

/** Refuses what would go over the pace, counted in the store so that every node and every restart agrees. */
export async function keepPace(tx: Tx, mailbox: MailboxId, thread: ThreadId | undefined, pace: Pace): Promise<void> {
  await refuseOver(tx, mailbox, {
    limit: pace.sendsPerMinute,
    windowMs: 60_000,
    what: 'messages a minute from one mailbox',
  })
  if (thread) {
    const window = { limit: pace.threadSendsPerHour, windowMs: 3_600_000, what: 'messages an hour in one thread' }
    await refuseOver(tx, mailbox, window, thread)
  }
}

async function refuseOver(
  tx: Tx,
  mailbox: MailboxId,
  { limit, windowMs, what }: { limit: number; windowMs: number; what: string },
  thread?: ThreadId,
): Promise<void> {
  if (limit === 0) return
  const sent = await tx.messages.countOutbound(mailbox, tx.now - windowMs + 1, thread)
  if (sent < limit) return
  throw new Failure('rate_limited', `More than ${limit} ${what}`, {
    retryAfterSeconds: Math.ceil(windowMs / 1000),
    rate: { limit, resetAt: tx.now + windowMs },
  })
}
