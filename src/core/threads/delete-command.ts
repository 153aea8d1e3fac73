import { notFound } from '../errors.ts'
import type { MailboxId, OrgId, ThreadId } from '../ids.ts'
import { isHidden } from '../messages/hiding.ts'
import type { Tx } from '../store.ts'

/** Erases a thread with its messages, attachments and waiting deliveries. A later reply to one of them opens a new thread. */
export async function deleteThread(tx: Tx, input: { orgId: OrgId; mailboxId: MailboxId; id: ThreadId }): Promise<void> {
  const thread = await tx.threads.get(input.mailboxId, input.id)
  if (!thread) throw notFound('thread')
  const messages = await tx.messages.ofThread(thread.id)
  const blobs = await tx.messages.delete(messages.map((m) => m.id))
  await tx.threads.delete(thread.id)
  await tx.mailboxes.count(input.mailboxId, {
    messages: -messages.filter((m) => !isHidden(m)).length,
    threads: thread.hidden ? 0 : -1,
    sizeBytes: -messages.reduce((sum, m) => sum + m.sizeBytes, 0),
  })
  if (blobs.length > 0) await tx.jobs.add({ kind: 'delete-blobs', keys: blobs }, tx.now)
  const { orgId, mailboxId } = input
  const payload = { messageIds: messages.map((m) => m.id) }
  await tx.events.append({ orgId, mailboxId, threadId: thread.id, messageId: null, type: 'thread.deleted', payload })
}
