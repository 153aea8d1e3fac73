import { type Kysely, sql } from 'kysely'
import type { MailboxId, MessageId } from '../../core/ids.ts'
import type { Message } from '../../core/messages/model.ts'
import type { NextFilter } from '../../core/messages/store.ts'
import type { Database } from '../database.ts'
import type { Schema } from '../schema.ts'
import { statement } from '../statement.ts'
import { matchingMessages } from './message-list.ts'
import { type MessageRow, messageColumns } from './message-rows.ts'
import { withParts } from './parts.ts'

const countOf = statement((db, v: { mailbox: string }) =>
  db.selectFrom('mailboxes').select('fetch_count').where('id', '=', v.mailbox),
)

// Most waits have no criteria but the time or the mark; these are looked for so often that they are compiled once.
const oldestUnfetched = statement((db, v: Plain) => plainly(db, v).where(sql<boolean>`fetch_number is null`))
const oldestLater = statement((db, v: Plain) => plainly(db, v))

interface Plain {
  mailbox: string
  after: number
}

function plainly(db: Kysely<Schema>, v: Plain) {
  const shown = db.selectFrom('messages').select(messageColumns).where('mailbox_id', '=', v.mailbox)
  const inbound = shown.where(sql<boolean>`direction = 'inbound' and hidden = 0`)
  return inbound.where('at', '>', v.after).orderBy('at').limit(1)
}

export async function fetchCount(db: Database, mailbox: MailboxId): Promise<number> {
  return (await countOf.first(db, { mailbox }))?.fetch_count ?? 0
}

/** The oldest inbound message that matches. */
export async function nextMessage(db: Database, mailbox: MailboxId, filter: NextFilter): Promise<Message | undefined> {
  const { unfetchedAt, ...rest } = filter
  if (unfetchedAt === undefined) return later(db, mailbox, rest)
  const unfetched = await unfetchedOne(db, mailbox, rest)
  if ((await fetchCount(db, mailbox)) <= unfetchedAt) return unfetched
  // What others were handed since then is as new to this caller as to them.
  const handedOut = inbound(db, mailbox, rest).where(sql<boolean>`m.fetch_number is not null`)
  const meanwhile = await oldest(db, handedOut.where('m.fetch_number', '>', unfetchedAt))
  return meanwhile && (!unfetched || meanwhile.at < unfetched.at) ? meanwhile : unfetched
}

async function later(db: Database, mailbox: MailboxId, filter: NextFilter): Promise<Message | undefined> {
  const plain = asPlain(mailbox, filter)
  return plain ? first(db, await oldestLater.all(db, plain)) : oldest(db, inbound(db, mailbox, filter))
}

async function unfetchedOne(db: Database, mailbox: MailboxId, filter: NextFilter): Promise<Message | undefined> {
  const plain = asPlain(mailbox, filter)
  if (plain) return first(db, await oldestUnfetched.all(db, plain))
  return oldest(db, inbound(db, mailbox, filter).where(sql<boolean>`m.fetch_number is null`))
}

function asPlain(mailbox: MailboxId, { after = -1, ...criteria }: NextFilter): Plain | undefined {
  const none = Object.entries(criteria).every(([name, value]) =>
    name.startsWith('include') ? !value : value === undefined || (Array.isArray(value) && value.length === 0),
  )
  return none ? { mailbox, after } : undefined
}

// Written out, not parameters: that is how both engines know the partial indexes.
function inbound(db: Database, mailbox: MailboxId, filter: NextFilter) {
  return matchingMessages(db, mailbox, filter).where(sql<boolean>`m.direction = 'inbound'`)
}

async function oldest(db: Database, matching: ReturnType<typeof inbound>): Promise<Message | undefined> {
  const columns = messageColumns.map((name) => `m.${name}` as const)
  return first(db, await matching.select(columns).orderBy('m.at').limit(1).execute())
}

async function first(db: Database, rows: MessageRow[]): Promise<Message | undefined> {
  return (await withParts(db, rows))[0]
}

/** Marks messages as handed out; those that were before keep their number. */
export async function markFetched(db: Database, mailbox: MailboxId, ids: MessageId[]): Promise<void> {
  if (ids.length === 0) return
  const counted = db.kysely.updateTable('mailboxes').set((eb) => ({ fetch_count: eb('fetch_count', '+', 1) }))
  const row = await counted.where('id', '=', mailbox).returning('fetch_count').executeTakeFirst()
  if (!row) return
  const marked = db.kysely.updateTable('messages').set({ fetch_number: row.fetch_count })
  await marked.where('mailbox_id', '=', mailbox).where('id', 'in', ids).where('fetch_number', 'is', null).execute()
}
