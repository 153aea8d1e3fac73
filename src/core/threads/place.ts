import { isHidden } from '../messages/hiding.ts'
import type { Message } from '../messages/model.ts'
import type { Tx } from '../store.ts'
import { addToThread } from './fold.ts'
import type { Thread } from './model.ts'

/** Writes a new message's thread, new or grown, and the mailbox's counts. `message.threadId` must already name it. */
export async function placeInThread(tx: Tx, thread: Thread | undefined, message: Message): Promise<Thread> {
  const placed = addToThread(thread, message)
  if (thread) await tx.threads.update(placed)
  else await tx.threads.insert(placed)
  await tx.mailboxes.count(message.mailboxId, {
    messages: isHidden(message) ? 0 : 1,
    threads: Number(!placed.hidden) - Number(thread ? !thread.hidden : false),
    sizeBytes: message.sizeBytes,
  })
  return placed
}
