import { notFound } from '../errors.ts'
import type { MailboxId, MessageId } from '../ids.ts'
import type { Tx } from '../store.ts'
import { foldThread } from '../threads/fold.ts'
import { isHidden } from './hiding.ts'
import type { Message } from './model.ts'

/** Erases one message with its attachments and waiting deliveries; its thread goes with the last of them. */
export async function deleteMessage(tx: Tx, input: { mailboxId: MailboxId; id: MessageId }): Promise<void> {
  const message = await tx.messages.get(input.mailboxId, input.id)
  if (!message) throw notFound('message')
  await eraseMessages(tx, [message])
}

/** The same for messages that were read under the rows of their mailboxes. */
export async function eraseMessages(tx: Tx, messages: readonly Message[]): Promise<void> {
  const blobs = await tx.messages.delete(messages.map(({ id }) => id))
  if (blobs.length > 0) await tx.jobs.add({ kind: 'delete-blobs', keys: blobs }, tx.now)
  for (const message of messages) await forgetMessage(tx, message)
}

async function forgetMessage(tx: Tx, message: Message): Promise<void> {
  const threadGone = await shrinkThread(tx, message)
  await tx.mailboxes.count(message.mailboxId, {
    messages: isHidden(message) ? 0 : -1,
    threads: threadGone,
    sizeBytes: -message.sizeBytes,
  })
  const { orgId, mailboxId, threadId } = message
  const payload = { direction: message.direction }
  await tx.events.append({ orgId, mailboxId, threadId, messageId: message.id, type: 'message.deleted', payload })
}

// By how much the number of shown threads changes.
async function shrinkThread(tx: Tx, { mailboxId, threadId }: Message): Promise<number> {
  const thread = await tx.threads.get(mailboxId, threadId)
  if (!thread) return 0
  const folded = foldThread(thread, await tx.messages.ofThread(thread.id), tx.now)
  if (folded) await tx.threads.update(folded)
  else await tx.threads.delete(thread.id)
  return Number(thread.hidden) - Number(folded?.hidden ?? true)
}
