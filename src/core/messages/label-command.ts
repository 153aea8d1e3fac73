import { notFound } from '../errors.ts'
import type { MailboxId, MessageId } from '../ids.ts'
import type { Tx } from '../store.ts'
import { foldThread } from '../threads/fold.ts'
import { hidingFlags, isHidden } from './hiding.ts'
import { refuseTooMany } from './labels.ts'
import type { Message } from './model.ts'

/** What a person may change on a message; what is absent stays. */
export interface MessageChange {
  labels?: string[]
  /** To the labels as they are then; what is in both is removed. */
  addLabels?: string[]
  removeLabels?: string[]
  seen?: boolean
  flagged?: boolean
  handled?: boolean
  spam?: boolean
  blocked?: boolean
  unauthenticated?: boolean
  trashed?: boolean
}

/** Changes labels and flags, and brings thread and counts in line with them. */
export async function labelMessage(
  tx: Tx,
  input: { mailboxId: MailboxId; id: MessageId; change: MessageChange },
): Promise<Message> {
  const message = await tx.messages.get(input.mailboxId, input.id)
  if (!message) throw notFound('message')
  const { addLabels: _, removeLabels: __, ...fields } = input.change
  const labels = editLabels(fields.labels ?? message.labels, input.change)
  const changed: Message = { ...message, ...fields, labels, updatedAt: tx.now }
  if (changed.handled !== message.handled) changed.handledAt = changed.handled ? tx.now : null
  await tx.messages.updateFlags(changed)
  await refold(tx, message, changed)
  await tellLabels(tx, message, changed)
  return changed
}

/** The same change of several messages of a mailbox; what is not there is passed over. */
export async function labelMessages(
  tx: Tx,
  input: { mailboxId: MailboxId; ids: MessageId[]; change: MessageChange },
): Promise<Message[]> {
  const changed: Message[] = []
  for (const id of input.ids) {
    const there = await tx.messages.get(input.mailboxId, id)
    if (there) changed.push(await labelMessage(tx, { ...input, id }))
  }
  return changed
}

/** Labels after a change of some of them. */
export function editLabels(
  labels: readonly string[],
  { addLabels = [], removeLabels = [] }: Pick<MessageChange, 'addLabels' | 'removeLabels'>,
): string[] {
  const edited = minus([...new Set([...labels, ...addLabels])], removeLabels)
  refuseTooMany(edited)
  return edited
}

/** Writes what became of a message's labels into the log. */
export async function tellLabels(tx: Tx, before: Message, after: Message): Promise<void> {
  const { orgId, mailboxId, threadId, id: messageId } = after
  const payload = {
    added: minus(after.labels, before.labels),
    removed: minus(before.labels, after.labels),
    flags: changedFlags(before, after),
    name: after.messageId,
  }
  await tx.events.append({ orgId, mailboxId, threadId, messageId, type: 'message.labeled', payload })
}

const flags = ['seen', 'flagged', 'handled', 'opened', ...hidingFlags] as const

function changedFlags(before: Message, after: Message): Partial<Pick<Message, (typeof flags)[number]>> {
  const changed = flags.filter((flag) => before[flag] !== after[flag])
  return Object.fromEntries(changed.map((flag) => [flag, after[flag]]))
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
