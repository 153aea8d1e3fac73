import type { App } from '../app.ts'
import type { ExpireMailboxes } from '../jobs/model.ts'

/** Nobody sees an expired mailbox in the meantime; only its address is not free yet. */
export const EXPIRY_LOOK_MS = 60_000
const BITE = 100

/** Deletes some of the mailboxes whose time is over. Answers the next bite, or the look in a minute. */
export async function expireMailboxes(
  app: App,
  task: ExpireMailboxes,
): Promise<{ task: ExpireMailboxes; runAt: number }> {
  const over = await app.store.read.mailboxes.expired(BITE)
  for (const { orgId, id } of over) await app.store.run('mailboxes.expire', { orgId, id })
  if (over.length > 0) app.log.debug({ mailboxes: over.length }, 'mailboxes whose time was over were deleted')
  const now = app.clock.now()
  return { task, runAt: over.length === BITE ? now : now + EXPIRY_LOOK_MS }
}
