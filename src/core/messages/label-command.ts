import { notFound } from '../errors.ts'
import type { MailboxId, MessageId } from '../ids.ts'
import type { Tx } from '../store.ts'
import { foldThread, isHidden } from '../threads/fold.ts'
import type { Message } from './model.ts'

/** What a person may change on a message; what is absent stays. */
export interface MessageChange {
  labels?: string[]
  seen?: boolean
  flagged?: boolean
  handled?: boolean
  spam?: boolean
  blocked?: boolean
  trashed?: boolean
}

/** Changes labels and flags, and brings thread and counts in line with them. */
export async function labelMessage(
  tx: Tx,
  input: { mailboxId: MailboxId; id: MessageId; change: MessageChange },
): Promise<Message> {
  const message = await tx.messages.get(input.mailboxId, input.id)
  if (!message) throw notFound('message')
  const changed: Message = { ...message, ...input.change, updatedAt: tx.now }
  if (changed.handled !== message.handled) changed.handledAt = changed.handled ? tx.now : null
  await tx.messages.updateFlags(changed)
  await refold(tx, message, changed)
  const { orgId, mailboxId, threadId } = message
  const payload = { added: minus(changed.labels, message.labels), removed: minus(message.labels, changed.labels) }
  await tx.events.append({ orgId, mailboxId, threadId, messageId: message.id, type: 'message.labeled', payload })
  return changed
}

async function refold(tx: Tx, before: Message, after: Message): Promise<void> {
  const thread = await tx.threads.get(before.mailboxId, before.threadId)
  if (!thread) return
  const folded = foldThread(thread, await tx.messages.ofThread(thread.id), tx.now)
  if (!folded) return
  await tx.threads.update(folded)
  await tx.mailboxes.count(before.mailboxId, {
    messages: Number(isHidden(before)) - Number(isHidden(after)),
    threads: Number(thread.hidden) - Number(folded.hidden),
  })
}

function minus(a: readonly string[], b: readonly string[]): string[] {
  return a.filter((label) => !b.includes(label))
}
