import type { LoggedEvent } from '../events/model.ts'
import type { MailboxId, MessageId } from '../ids.ts'
import type { Reader } from '../store.ts'
import type { MailboxAddress, Message } from './model.ts'
import type { SearchEntry, SearchIndex } from './search-store.ts'

/** How many entries of the log one step takes at most. */
export const STEP = 500

type Source = Pick<Reader, 'events' | 'messages'>

/** Moves an index one step along the event log; answers over how many entries. */
export async function followLog(read: Source, index: SearchIndex): Promise<number> {
  const from = await index.position()
  const events = await read.events.after(from, STEP)
  const last = events.at(-1)
  if (!last) return 0
  await index.take({
    from,
    to: last.seq,
    add: await entriesOf(read, events),
    remove: events.flatMap(erasedMessages),
    removeMailboxes: events.flatMap(erasedMailbox),
  })
  return events.length
}

// What was erased meanwhile is not found here, and needs no entry.
async function entriesOf(read: Source, events: LoggedEvent[]): Promise<SearchEntry[]> {
  const added = events.filter((e) => e.type === 'message.received' || e.type === 'message.queued')
  const ids = added.flatMap((e) => e.messageId ?? [])
  const texts = await read.messages.texts(ids)
  return (await read.messages.withIds(ids)).map((message) => toEntry(message, texts.get(message.id) ?? ''))
}

function toEntry(m: Message, body: string): SearchEntry {
  const people = [...m.from, ...m.to, ...m.cc, ...m.bcc, ...m.replyTo]
  return {
    id: m.id,
    orgId: m.orgId,
    mailboxId: m.mailboxId,
    at: m.at,
    subject: m.subject ?? '',
    people: people.map(({ name, address }: MailboxAddress) => `${name ?? ''} ${address}`).join('\n'),
    body,
  }
}

function erasedMessages(event: LoggedEvent): MessageId[] {
  if (event.type === 'message.deleted' && event.messageId) return [event.messageId]
  if (event.type !== 'thread.deleted') return []
  const { messageIds } = event.payload
  return Array.isArray(messageIds) ? (messageIds as MessageId[]) : []
}

function erasedMailbox(event: LoggedEvent): MailboxId[] {
  return event.type === 'mailbox.deleted' && event.mailboxId ? [event.mailboxId] : []
}
