import { type Caller, demand } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import type { LoggedEvent } from '../events/model.ts'
import type { EventId, MessageId } from '../ids.ts'
import { reachMailbox } from '../mailboxes/mailboxes.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import type { Cursor, PageRequest } from '../paging.ts'
import { type HidingFlag, maySee } from './hiding.ts'

const BATCH = 100

/** One label that was put on a message or taken off it. */
export interface LabelChange {
  eventId: EventId
  /** Which of the changes of that event. */
  index: number
  messageId: MessageId
  /** The message's Message-ID field. */
  name: string
  label: string
  added: boolean
  at: number
  cursor: Cursor
}

/** What became of the labels of a mailbox's messages, newest first; what the caller may not see is left out. */
export async function listLabelChanges(
  app: App,
  caller: Caller,
  mailbox: string,
  page: PageRequest,
): Promise<{ mailbox: Mailbox; items: LabelChange[] }> {
  demand(caller, 'message_read')
  const found = await reachMailbox(app, caller, mailbox)
  const { ascending = false, after, limit } = page
  const items: LabelChange[] = []
  for (let from = after?.at ?? null; items.length < limit; ) {
    const events = await app.store.read.events.labelings(found.id, { from, ascending, limit: BATCH })
    const visible = await seenBy(app, caller, events)
    const changes = visible.flatMap((event) => inOrder(changesOf(event), ascending))
    items.push(...changes.filter((change) => isBehind(change, items.at(-1)?.cursor ?? after, ascending)))
    const last = events.at(-1)
    if (!last || events.length < BATCH || last.seq === from) break
    from = last.seq
  }
  return { mailbox: found, items: items.slice(0, limit) }
}

// Of a message that is gone nothing can be told but that it had labels.
async function seenBy(app: App, caller: Caller, events: LoggedEvent[]): Promise<LoggedEvent[]> {
  if (caller.permissions === null) return events
  const messages = await app.store.read.messages.withIds(events.flatMap(({ messageId }) => messageId ?? []))
  const hidden = new Set(messages.filter((message) => !maySee(caller, message)).map(({ id }) => id))
  return events.filter(({ messageId }) => messageId !== null && !hidden.has(messageId))
}

/** As labels: a message that was read is not unread any more. */
const flagLabels: Record<HidingFlag | 'opened', string> = {
  opened: 'opened',
  spam: 'spam',
  blocked: 'blocked',
  unauthenticated: 'unauthenticated',
  trashed: 'trash',
}

function changesOf({ id, seq, messageId, payload, createdAt }: LoggedEvent): LabelChange[] {
  const { added, removed, flags, name } = payload as {
    added: string[]
    removed: string[]
    flags?: Partial<Record<HidingFlag | 'seen' | 'opened', boolean>>
    name?: string
  }
  if (messageId === null || name === undefined) return []
  const ofFlags = Object.entries(flagLabels).flatMap(([flag, label]) => {
    const on = flags?.[flag as keyof typeof flagLabels]
    return on === undefined ? [] : [{ label, added: on }]
  })
  const ofSeen = flags?.seen === undefined ? [] : [{ label: 'unread', added: !flags.seen }]
  const own = [...added.map((label) => ({ label, added: true })), ...removed.map((label) => ({ label, added: false }))]
  return [...own, ...ofSeen, ...ofFlags].map((change, index) => ({
    ...{ eventId: id, index, messageId, name, ...change, at: createdAt },
    cursor: { at: seq, id: String(index) },
  }))
}

function inOrder(changes: LabelChange[], ascending: boolean): LabelChange[] {
  return ascending ? changes : changes.toReversed()
}

function isBehind({ cursor, index }: LabelChange, last: Cursor | undefined, ascending: boolean): boolean {
  if (!last) return true
  const distance = cursor.at - last.at || index - Number(last.id)
  return ascending ? distance > 0 : distance < 0
}
