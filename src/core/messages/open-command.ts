import type { MailboxId, MessageId, OrgId } from '../ids.ts'
import { isExpired } from '../mailboxes/policy.ts'
import { append } from '../outbound/settle.ts'
import type { Tx } from '../store.ts'
import { tellLabels } from './label-command.ts'

/** Marks a sent message as opened and tells of it, the first time. */
export async function openMessage(
  tx: Tx,
  { orgId, mailboxId, id }: { orgId: OrgId; mailboxId: MailboxId; id: MessageId },
): Promise<void> {
  const mailbox = await tx.mailboxes.get(orgId, mailboxId)
  const message = mailbox && (await tx.messages.get(mailboxId, id))
  if (!message || message.opened || isExpired(mailbox, message, tx.now)) return
  await tx.messages.setOpened(id, tx.now)
  await tellLabels(tx, message, { ...message, opened: true })
  await append(tx, message, { type: 'message.opened', payload: {} })
}
