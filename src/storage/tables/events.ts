import { sql } from 'kysely'
import type { EventType, LoggedEvent, NewEvent } from '../../core/events/model.ts'
import type { EventReader, EventWriter } from '../../core/events/store.ts'
import { type EventId, type MailboxId, type MessageId, newId, type OrgId, type ThreadId } from '../../core/ids.ts'
import type { Database } from '../database.ts'
import { cutPage } from '../paging.ts'
import type { EventTable } from '../schema.ts'
import { rowOf, statement } from '../statement.ts'

type NewRow = Omit<EventTable, 'seq'>
const columns = ['id', 'org_id', 'mailbox_id', 'thread_id', 'message_id', 'type', 'payload', 'created_at'] as const

const insertEvent = statement((db, v: NewRow) => db.insertInto('events').values(rowOf(v, columns)))

const after = statement((db, v: { seq: number; limit: number }) =>
  db
    .selectFrom('events')
    .select(['seq', ...columns])
    .where('seq', '>', v.seq)
    .orderBy('seq')
    .limit(v.limit),
)

const afterOf = statement((db, v: { org: string; seq: number; limit: number }) =>
  db
    .selectFrom('events')
    .select(['seq', ...columns])
    .where('org_id', '=', v.org)
    .where('seq', '>', v.seq)
    .orderBy('seq')
    .limit(v.limit),
)

/** Rows without a number are not in the log yet: `seq > n` never matches them. */
export function eventReader(db: Database): Omit<EventReader, 'onAppend'> {
  return {
    async after(seq, limit, org) {
      const rows = await (org ? afterOf.all(db, { org, seq, limit }) : after.all(db, { seq, limit }))
      return rows.map(toEvent)
    },
    async drops(mailbox, since, page) {
      const all = db.kysely.selectFrom('events').where('mailbox_id', '=', mailbox)
      // Written out, not a parameter: that is how both engines know the partial index.
      const dropped = all.where(sql<boolean>`type = 'message.dropped'`).where('created_at', '>', since)
      const { n } = await dropped.select((eb) => eb.fn.countAll<number>().as('n')).executeTakeFirstOrThrow()
      const cut = cutPage(dropped.select(['seq', ...columns]), page, 'created_at', 'id')
      return { items: (await cut.execute()).map(toEvent), total: n }
    },
    async seqOf(org, id) {
      const one = db.kysely.selectFrom('events').select('seq').where('id', '=', id).where('org_id', '=', org)
      // On PostgreSQL it may not be in the log yet.
      return (await one.executeTakeFirst())?.seq ?? undefined
    },
    async labelings(mailbox, { from, ascending, limit }) {
      // Written out, not a parameter: that is how both engines know the partial index.
      let found = db.kysely.selectFrom('events').where(sql<boolean>`type = 'message.labeled'`)
      found = found.where('mailbox_id', '=', mailbox).where('seq', 'is not', null)
      if (from !== null) found = found.where('seq', ascending ? '>=' : '<=', from)
      const ordered = found.orderBy('seq', ascending ? 'asc' : 'desc').limit(limit)
      return (await ordered.select(['seq', ...columns]).execute()).map(toEvent)
    },
    async position() {
      const newest = db.kysely.selectFrom('events').select(sql<number>`coalesce(max(seq), 0)`.as('seq'))
      return (await newest.executeTakeFirstOrThrow()).seq
    },
  }
}

/** `appended` is told of each entry, so that readers can be woken after the commit. */
export function eventWriter(db: Database, now: number, appended: () => void): EventWriter {
  return {
    ...eventReader(db),
    async append(event) {
      await insertEvent.write(db, fromEvent(event, now))
      appended()
    },
  }
}

function toEvent(row: NewRow & { seq: number }): LoggedEvent {
  return {
    seq: row.seq,
    id: row.id as EventId,
    orgId: row.org_id as OrgId,
    mailboxId: row.mailbox_id as MailboxId | null,
    threadId: row.thread_id as ThreadId | null,
    messageId: row.message_id as MessageId | null,
    type: row.type as EventType,
    payload: JSON.parse(row.payload),
    createdAt: row.created_at,
  }
}

function fromEvent(e: NewEvent, now: number): NewRow {
  return {
    id: newId<EventId>(),
    org_id: e.orgId,
    mailbox_id: e.mailboxId,
    thread_id: e.threadId,
    message_id: e.messageId,
    type: e.type,
    payload: JSON.stringify(e.payload),
    created_at: now,
  }
}
