import type { MailboxId, MessageId } from '../ids.ts'
import type { Tx } from '../store.ts'

/** Notes that these messages were handed out to somebody: who asks for what was not handed out yet does not get them. */
export async function markFetched(tx: Tx, input: { mailboxId: MailboxId; ids: MessageId[] }): Promise<void> {
  await tx.messages.markFetched(input.mailboxId, input.ids)
}
