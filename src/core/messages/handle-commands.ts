import { invalid, notFound } from '../errors.ts'
import type { MailboxId, MessageId, OrgId } from '../ids.ts'
import { isExpired, keptSince } from '../mailboxes/policy.ts'
import type { Tx } from '../store.ts'
import { contentsFromFirst } from './contents-within.ts'
import type { Message, MessageContent } from './model.ts'

export interface HandledMessage {
  message: Message
  content: MessageContent
}

/**
 * Takes the oldest messages that wait in a mailbox, fewer than asked for when their texts are large; each is given to one caller, ever. They come with their bodies as they were at
 * that moment.
 */
export async function handleFirst(
  tx: Tx,
  input: { orgId: OrgId; mailboxId: MailboxId; limit: number },
): Promise<HandledMessage[]> {
  const mailbox = await tx.mailboxes.get(input.orgId, input.mailboxId)
  if (!mailbox) throw notFound('mailbox')
  const since = keptSince(mailbox.policy, tx.now) ?? 0
  const ids = await tx.messages.firstUnhandled(input.mailboxId, since, input.limit)
  // Those without room wait for the next who asks.
  const { fitting, contents } = await contentsFromFirst(tx.messages, await tx.messages.withIds(ids))
  return setHandled(tx, fitting, contents, true)
}

/**
 * Marks these messages of a mailbox as handled, or not any more, and answers them in the order of the ids. What was so already stays
 * as it was; what is gone is left out. `invalid` when one answer does not hold them all: then nothing is marked.
 */
export async function handleMessages(
  tx: Tx,
  input: { orgId: OrgId; mailboxId: MailboxId; ids: MessageId[]; handled: boolean },
): Promise<HandledMessage[]> {
  const mailbox = await tx.mailboxes.get(input.orgId, input.mailboxId)
  if (!mailbox) throw notFound('mailbox')
  const found = await tx.messages.withIds(input.ids)
  const here = found.filter((message) => {
    return message.mailboxId === mailbox.id && message.direction === 'inbound' && !isExpired(mailbox, message, tx.now)
  })
  const { fitting, contents } = await contentsFromFirst(tx.messages, here)
  if (fitting.length < here.length) throw invalid('message_ids', 'name more text than one answer holds: ask for fewer')
  return setHandled(tx, here, contents, input.handled)
}

async function setHandled(
  tx: Tx,
  messages: Message[],
  contents: Map<MessageId, MessageContent>,
  handled: boolean,
): Promise<HandledMessage[]> {
  const changing = messages.filter((message) => message.handled !== handled)
  const handledAt = handled ? tx.now : null
  await tx.messages.setHandled(
    changing.map(({ id }) => id),
    handledAt,
    tx.now,
  )
  for (const { orgId, mailboxId, threadId, id } of changing) {
    const payload = { handled }
    await tx.events.append({ orgId, mailboxId, threadId, messageId: id, type: 'message.handled', payload })
  }
  return messages.flatMap((message) => {
    const content = contents.get(message.id)
    if (!content) return []
    if (message.handled === handled) return [{ message, content }]
    return [{ message: { ...message, handled, handledAt, updatedAt: tx.now }, content }]
  })
}
