import { Failure, notFound } from '../errors.ts'
import type { MailboxId, ThreadId } from '../ids.ts'
import { editLabels, tellLabels } from '../messages/label-command.ts'
import type { Message } from '../messages/model.ts'
import type { Tx } from '../store.ts'
import { foldThread } from './fold.ts'
import type { Thread } from './model.ts'

/** A thread from this many messages on is too large to be labelled at once. */
const MAX_MESSAGES = 100

/** Adds labels to all messages of a thread and removes others; what is in both lists is removed. */
export async function labelThread(
  tx: Tx,
  input: { mailboxId: MailboxId; id: ThreadId; addLabels: string[]; removeLabels: string[] },
): Promise<Thread> {
  const thread = await tx.threads.get(input.mailboxId, input.id)
  if (!thread) throw notFound('thread')
  const messages = await tx.messages.ofThread(thread.id)
  if (messages.length >= MAX_MESSAGES) {
    throw new Failure('unprocessable', `A thread with ${MAX_MESSAGES} messages or more cannot be labelled at once`)
  }
  const after: Message[] = []
  for (const message of messages) {
    const labels = editLabels(message.labels, input)
    const changed = { ...message, labels, updatedAt: tx.now }
    after.push(changed)
    if (labels.join('\n') === message.labels.join('\n')) continue
    await tx.messages.updateFlags(changed)
    await tellLabels(tx, message, changed)
  }
  const folded = foldThread(thread, after, tx.now) ?? thread
  await tx.threads.update(folded)
  return folded
}
