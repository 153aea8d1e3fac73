import { notFound } from '../errors.ts'
import type { MailboxId, MessageId, OrgId } from '../ids.ts'
import { isExpired, keptSince } from '../mailboxes/policy.ts'
import type { Tx } from '../store.ts'
import { leftOut } from './contents-within.ts'
import type { Message, MessageContent } from './model.ts'

/** Of messages whose bodies are handed out by one command. */
const MAX_BYTES = 64 * 1024 * 1024

export interface HandledMessage {
  message: Message
  content: MessageContent
}

/**
 * Takes the oldest messages that wait in a mailbox, fewer than asked for when they are large; each is given to one caller, ever. They come with their bodies as they were at
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
  return setHandled(tx, fitting(await tx.messages.withIds(ids)), true)
}

/** As many of these, from the first on, as may cross to the caller at once: one at least. */
function fitting(messages: Message[]): Message[] {
  let bytes = 0
  const end = messages.findIndex((m, i) => {
    bytes += m.sizeBytes
    return i > 0 && bytes > MAX_BYTES
  })
  return end < 0 ? messages : messages.slice(0, end)
}

/**
 * Marks these messages of a mailbox as handled, or not any more, and answers them in the order of the ids. What was so already stays
 * as it was; what is gone is left out.
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
  return setHandled(tx, here, input.handled)
}

async function setHandled(tx: Tx, messages: Message[], handled: boolean): Promise<HandledMessage[]> {
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
  const room = new Set(fitting(messages))
  const contents = await tx.messages.contents([...room].map(({ id }) => id))
  return messages.flatMap((message) => {
    const content = room.has(message) ? contents.get(message.id) : leftOut
    if (!content) return []
    if (message.handled === handled) return [{ message, content }]
    return [{ message: { ...message, handled, handledAt, updatedAt: tx.now }, content }]
  })
}
