import { sql } from 'kysely'
import type { MailboxId, MessageId } from '../../core/ids.ts'
import type { Message } from '../../core/messages/model.ts'
import type { NextFilter } from '../../core/messages/store.ts'
import type { Database } from '../database.ts'
import { statement } from '../statement.ts'
import { matchingMessages } from './message-list.ts'
import { messageColumns } from './message-rows.ts'
import { withParts } from './parts.ts'

const countOf = statement((db, v: { mailbox: string }) =>
  db.selectFrom('mailboxes').select('fetch_count').where('id', '=', v.mailbox),
)

export async function fetchCount(db: Database, mailbox: MailboxId): Promise<number> {
  return (await countOf.first(db, { mailbox }))?.fetch_count ?? 0
}

/** The oldest inbound message that matches. */
export async function nextMessage(db: Database, mailbox: MailboxId, filter: NextFilter): Promise<Message | undefined> {
  const { unfetchedAt, ...rest } = filter
  if (unfetchedAt === undefined) return oldest(db, inbound(db, mailbox, rest))
  const unfetched = await oldest(db, inbound(db, mailbox, rest).where(sql<boolean>`m.fetch_number is null`))
  if ((await fetchCount(db, mailbox)) <= unfetchedAt) return unfetched
  // What others were handed since then is as new to this caller as to them.
  const handedOut = inbound(db, mailbox, rest).where(sql<boolean>`m.fetch_number is not null`)
  const meanwhile = await oldest(db, handedOut.where('m.fetch_number', '>', unfetchedAt))
  return meanwhile && (!unfetched || meanwhile.at < unfetched.at) ? meanwhile : unfetched
}

// Written out, not parameters: that is how both engines know the partial indexes.
function inbound(db: Database, mailbox: MailboxId, filter: NextFilter) {
  return matchingMessages(db, mailbox, filter).where(sql<boolean>`m.direction = 'inbound'`)
}

async function oldest(db: Database, matching: ReturnType<typeof inbound>): Promise<Message | undefined> {
  const columns = messageColumns.map((name) => `m.${name}` as const)
  const rows = await matching.select(columns).orderBy('m.at').limit(1).execute()
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
