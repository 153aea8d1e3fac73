import { refusedAmong } from '../lists/judge.ts'
import type { Tx } from '../store.ts'
import type { Copy, ReadMail } from './file-inbound.ts'
import type { HidingFlag } from './hiding.ts'
import type { Message } from './model.ts'

/** Whether the lists of the mailbox keep the mail out of sight: those for answers when it answers mail of ours, else those for the rest. */
export async function isBlocked(tx: Tx, mail: ReadMail, { mailbox }: Copy): Promise<boolean> {
  const { mailFrom } = mail.envelope
  // A report of our own.
  if (mail.source === 'local' && mailFrom === '') return false
  if (!(await tx.lists.inUse(mailbox.orgId))) return false
  const answered = mail.inReplyTo === null ? undefined : await tx.messages.byMessageId(mailbox.id, mail.inReplyTo)
  const direction = answered?.direction === 'outbound' ? 'reply' : 'receive'
  const authors = mail.from.length > 0 ? mail.from.map(({ address }) => address) : [mailFrom]
  return (await refusedAmong(tx.lists, mailbox, direction, authors)).length > 0
}

/** What the event says of a mail that lists do not show; who is blocked need not be judged any more. */
export function variantOf(message: Pick<Message, HidingFlag>): { variant?: HidingFlag } {
  const variant = (['blocked', 'spam', 'unauthenticated'] as const).find((flag) => message[flag])
  return variant ? { variant } : {}
}
