import { isHidden } from '../messages/hiding.ts'
import type { MailboxAddress, Message } from '../messages/model.ts'
import type { Thread } from './model.ts'

/** Puts one more message on top of a thread; `undefined` begins one. Cheap: the other messages are not read. */
export function addToThread(thread: Thread | undefined, message: Message): Thread {
  if (!thread || (thread.hidden && !isHidden(message))) return startThread(message, thread)
  if (isHidden(message) && !thread.hidden) return { ...thread, updatedAt: message.createdAt }
  const inbound = message.direction === 'inbound'
  return {
    ...thread,
    preview: message.preview,
    lastMessageId: message.id,
    lastAt: Math.max(thread.lastAt, message.at),
    lastReceivedAt: inbound ? message.at : thread.lastReceivedAt,
    lastSentAt: inbound ? thread.lastSentAt : message.at,
    messageCount: thread.messageCount + 1,
    sizeBytes: thread.sizeBytes + message.sizeBytes,
    senders: distinct([...thread.senders, ...message.from]),
    recipients: distinct([...thread.recipients, ...message.to, ...message.cc]),
    labels: union(thread.labels, message.labels),
    unreadCount: thread.unreadCount + Number(!message.seen),
    updatedAt: message.createdAt,
  }
}

/** The thread as its messages (oldest first) make it; `undefined` when none is left. */
export function foldThread(thread: Thread, messages: readonly Message[], now: number): Thread | undefined {
  const visible = messages.filter((m) => !isHidden(m))
  const [first, ...rest] = visible.length > 0 ? visible : messages
  if (!first) return undefined
  const folded = rest.reduce(addToThread, startThread(first, thread))
  return { ...folded, createdAt: thread.createdAt, updatedAt: now }
}

function startThread(message: Message, previous: Thread | undefined): Thread {
  const inbound = message.direction === 'inbound'
  return {
    id: message.threadId,
    orgId: message.orgId,
    mailboxId: message.mailboxId,
    subject: previous ? previous.subject : message.subject,
    preview: message.preview,
    lastMessageId: message.id,
    lastAt: message.at,
    lastReceivedAt: inbound ? message.at : null,
    lastSentAt: inbound ? null : message.at,
    messageCount: 1,
    sizeBytes: message.sizeBytes,
    senders: distinct(message.from),
    recipients: distinct([...message.to, ...message.cc]),
    labels: union([], message.labels),
    unreadCount: Number(!message.seen),
    hidden: isHidden(message),
    createdAt: previous?.createdAt ?? message.createdAt,
    updatedAt: message.createdAt,
  }
}

function distinct(addresses: readonly MailboxAddress[]): MailboxAddress[] {
  const seen = new Map<string, MailboxAddress>()
  for (const a of addresses) {
    const key = a.address.toLowerCase()
    if (!seen.has(key)) seen.set(key, a)
  }
  return [...seen.values()]
}

function union(a: readonly string[], b: readonly string[]): string[] {
  return [...new Set([...a, ...b])].sort()
}
