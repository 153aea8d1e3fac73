import type { App } from '../app.ts'
import type { SweepExpired } from '../jobs/model.ts'
import { isExpired } from '../mailboxes/policy.ts'
import type { Tx } from '../store.ts'
import { eraseMessages } from './delete-command.ts'
import type { Message } from './model.ts'

export const EXPIRY_SWEEP_EVERY_MS = 60_000
// Short, since mail that comes in meanwhile waits for it.
const BITE = 100

/** Erases messages whose time is over. Nobody saw them any more; now their bytes go too. */
export async function sweepExpired(app: App, task: SweepExpired): Promise<{ task: SweepExpired; runAt: number }> {
  const now = app.clock.now()
  const next = await app.store.run('messages.sweep-expired', { after: task.after, limit: BITE })
  if (next !== null) return { task: { ...task, after: next }, runAt: now }
  return { task: { ...task, after: '' }, runAt: now + EXPIRY_SWEEP_EVERY_MS }
}

/** One bite of it; answers the mailbox to go on behind, or null at the end. */
export async function sweepExpiredMessages(tx: Tx, input: { after: string; limit: number }): Promise<string | null> {
  const { items, next } = await tx.messages.expired(input.after, tx.now, input.limit)
  const over: Message[] = []
  for (const { mailboxId, id } of items) {
    // Read again under the mailbox's row: it may keep its mail for longer since.
    const message = await tx.messages.get(mailboxId, id)
    const mailbox = message && (await tx.mailboxes.get(message.orgId, mailboxId))
    if (mailbox && isExpired(mailbox, message, tx.now)) over.push(message)
  }
  await eraseMessages(tx, over)
  return next
}
