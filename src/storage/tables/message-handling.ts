import { sql } from 'kysely'
import type { MailboxId, MessageId } from '../../core/ids.ts'
import type { ExpiredMessage, Tally } from '../../core/messages/store.ts'
import type { Database } from '../database.ts'

const DAY_MS = 86_400_000
/** Mailboxes that the sweep looks at in one go: each costs a look into an index. */
const MAILBOXES_AT_ONCE = 1000

/** One pass over the messages that lists show, for all mailboxes at once. */
export async function tallyMessages(db: Database, mailboxes: MailboxId[], now: number): Promise<Map<MailboxId, Tally>> {
  if (mailboxes.length === 0) return new Map()
  const rows = await db.kysely
    .selectFrom('messages as m')
    .innerJoin('mailboxes as b', 'b.id', 'm.mailbox_id')
    .where('m.mailbox_id', 'in', mailboxes)
    .where('m.hidden', '=', 0)
    .where('m.direction', '=', 'inbound')
    .where(({ eb, or }) => or([eb('b.retention_days', 'is', null), notExpired(now)]))
    .groupBy('m.mailbox_id')
    .select((eb) => ['m.mailbox_id', eb.fn.countAll<number>().as('messages')])
    .select(sql<number>`sum(1 - m.handled)`.as('waiting'))
    .execute()
  // PostgreSQL sums integers to a bigint; ours are small.
  return new Map(
    rows.map((row) => [row.mailbox_id as MailboxId, { messages: row.messages, unhandled: Number(row.waiting) }]),
  )
}

const notExpired = (now: number) => sql<boolean>`m.at > ${now} - b.retention_days * cast(${DAY_MS} as bigint)`

/** Through the index of what waits. The mailbox is held, so that nobody is given the same ones. */
export async function firstUnhandled(
  db: Database,
  mailbox: MailboxId,
  since: number,
  limit: number,
): Promise<MessageId[]> {
  await db.engine.holdMailbox(db.kysely, mailbox)
  const rows = await db.kysely
    .selectFrom('messages')
    .select('id')
    .where('mailbox_id', '=', mailbox)
    .where('at', '>', since)
    // Written out, not parameters: that is how both engines know the partial index.
    .where(sql<boolean>`handled = 0 and hidden = 0 and direction = 'inbound'`)
    .orderBy('at')
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map((row) => row.id as MessageId)
}

export async function setHandled(db: Database, ids: MessageId[], handledAt: number | null, at: number): Promise<void> {
  if (ids.length === 0) return
  const change = { handled: handledAt === null ? (0 as const) : (1 as const), handled_at: handledAt, updated_at: at }
  await db.kysely.updateTable('messages').set(change).where('id', 'in', ids).execute()
}

export async function expiredMessages(
  db: Database,
  after: string,
  now: number,
  limit: number,
): Promise<{ items: ExpiredMessage[]; next: string | null }> {
  const expiring = db.kysely
    .selectFrom('mailboxes')
    .select(['id', 'retention_days'])
    .where('retention_days', 'is not', null)
    .where('deleted_at', 'is', null)
    .where('id', '>', after)
    .orderBy('id')
    .limit(MAILBOXES_AT_ONCE)
  const mailboxes = await expiring.execute()
  const last = mailboxes.at(-1)?.id
  if (last === undefined) return { items: [], next: null }
  const rows = await db.kysely
    .selectFrom('mailboxes as b')
    .innerJoin('messages as m', 'm.mailbox_id', 'b.id')
    .select(['m.id', 'm.mailbox_id'])
    .where('b.retention_days', 'is not', null)
    .where('b.deleted_at', 'is', null)
    .where('b.id', '>', after)
    .where('b.id', '<=', last)
    .where(sql<boolean>`m.at <= ${now} - b.retention_days * cast(${DAY_MS} as bigint)`)
    .orderBy('b.id')
    .limit(limit)
    .execute()
  const items = rows.map((row) => ({ id: row.id as MessageId, mailboxId: row.mailbox_id as MailboxId }))
  // A full bite may have left some behind: the same mailboxes once more.
  if (items.length === limit) return { items, next: after }
  return { items, next: mailboxes.length < MAILBOXES_AT_ONCE ? null : last }
}
