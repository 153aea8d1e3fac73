import { type Expression, type ExpressionBuilder, type RawBuilder, type SqlBool, sql } from 'kysely'
import type { MailboxId } from '../../core/ids.ts'
import { hidingFlags, withheld } from '../../core/messages/hiding.ts'
import type { Message } from '../../core/messages/model.ts'
import type { MessageFilter, MessageOrder, MessagePage } from '../../core/messages/store.ts'
import type { Page } from '../../core/paging.ts'
import type { Database } from '../database.ts'
import { contains, cutPage } from '../paging.ts'
import type { MessageTable, Schema } from '../schema.ts'
import { messageColumns } from './message-rows.ts'
import { withParts } from './parts.ts'

export async function listMessages(
  db: Database,
  mailbox: MailboxId,
  filter: MessageFilter,
  page: MessagePage,
): Promise<Page<Message>> {
  const total = page.uncounted ? undefined : await countMessages(db, mailbox, filter)
  if (page.limit === 0 || total === 0) return { items: [], total: total ?? 0 }
  const matching = matchingMessages(db, mailbox, filter)
  const columns = messageColumns.map((name) => `m.${name}` as const)
  const [at, id] = filter.labels?.length ? (['l.at', 'l.message_id'] as const) : (['m.at', 'm.id'] as const)
  const key = page.by && page.by !== 'at' ? sortKeys[page.by](db) : sql.ref(at)
  const rows = await cutPage(matching.select(columns), page, key, id).execute()
  return { items: await withParts(db, rows), total: total ?? rows.length }
}

const sortKeys: Record<Exclude<MessageOrder, 'at'>, (db: Database) => RawBuilder<unknown>> = {
  sender: senderOf,
  subject: () => sql.ref('m.subject_text'),
  size: () => sql.ref('m.size_bytes'),
}

/** The address of the first author, lower-case; empty when there is none. */
function senderOf(db: Database): RawBuilder<string> {
  return sql<string>`coalesce(lower(${db.engine.inList('m.from_list', 'address')}), '')`
}

/** Counting a million rows takes a tenth of a second; so what a default list shows is read from the mailbox's own count. */
async function countMessages(db: Database, mailbox: MailboxId, filter: MessageFilter): Promise<number> {
  const { includeSpam, includeBlocked, includeUnauthenticated, includeTrashed, ...narrowing } = filter
  if (Object.values(narrowing).some((v) => v !== undefined && (!Array.isArray(v) || v.length > 0))) {
    return countRows(matchingMessages(db, mailbox, filter))
  }
  const counted = db.kysely.selectFrom('mailboxes').select('message_count').where('id', '=', mailbox)
  const shown = (await counted.executeTakeFirst())?.message_count ?? 0
  if (withheld(filter).length === hidingFlags.length) return shown
  // Written out, not a parameter: that is how both engines know the partial index.
  return shown + (await countRows(matchingMessages(db, mailbox, filter).where(sql<boolean>`m.hidden = 1`)))
}

async function countRows(matching: ReturnType<typeof matchingMessages>): Promise<number> {
  return (await matching.select((eb) => eb.fn.countAll<number>().as('n')).executeTakeFirstOrThrow()).n
}

export function matchingMessages(db: Database, mailbox: MailboxId, filter: MessageFilter) {
  const [first, ...others] = filter.labels ?? []
  const start =
    first === undefined
      ? db.kysely.selectFrom('messages as m').where('m.mailbox_id', '=', mailbox)
      : labelled(db, mailbox, first)
  const query = start as ReturnType<typeof plain>
  return query.where((eb) => eb.and([...visibility(eb, filter), ...narrowed(db, eb, filter), ...having(eb, others)]))
}

function plain(db: Database) {
  return db.kysely.selectFrom('messages as m')
}

// The label's own index is in the order of the list, so it leads and the messages follow.
function labelled(db: Database, mailbox: MailboxId, label: string) {
  return db.kysely
    .selectFrom('message_labels as l')
    .innerJoin('messages as m', 'm.id', 'l.message_id')
    .where('l.mailbox_id', '=', mailbox)
    .where('l.label', '=', label)
}

type Builder = ExpressionBuilder<Schema & { m: MessageTable }, 'm'>

function visibility(eb: Builder, filter: MessageFilter): Expression<SqlBool>[] {
  const left = withheld(filter)
  return left.length === hidingFlags.length ? [eb('m.hidden', '=', 0)] : left.map((flag) => eb(`m.${flag}`, '=', 0))
}

function narrowed(db: Database, eb: Builder, filter: MessageFilter): Expression<SqlBool>[] {
  const { direction, threadId, before, after, unread, status, handled, sender } = filter
  return [
    ...(direction ? [eb('m.direction', '=', direction)] : []),
    ...hidingFlags.filter((f) => filter[f]).map((f) => eb(`m.${f}`, '=', 1)),
    ...(filter.hasCode === undefined ? [] : [eb('m.has_code', '=', flag(filter.hasCode))]),
    ...(filter.hasLink === undefined ? [] : [eb('m.has_link', '=', flag(filter.hasLink))]),
    ...(filter.opened ? [eb('m.opened', '=', 1)] : []),
    ...(threadId ? [eb('m.thread_id', '=', threadId)] : []),
    ...(unread ? [eb.or([eb('m.seen', '=', 0), labelExists(eb, 'unread')])] : []),
    ...(status ? [eb('m.status', '=', status)] : []),
    ...(before === undefined ? [] : [eb('m.at', '<', before)]),
    ...(after === undefined ? [] : [eb('m.at', '>', after)]),
    ...(handled === undefined ? [] : [eb('m.handled', '=', handled ? 1 : 0)]),
    ...(sender === undefined ? [] : [contains(senderOf(db), sender)]),
    ...(filter.from ?? []).map((text) => contains('m.from_text', text)),
    ...(filter.to ?? []).map((text) => contains('m.to_text', text)),
    ...(filter.subject ?? []).map((text) => contains('m.subject_text', text)),
  ]
}

const flag = (on: boolean) => (on ? 1 : 0)

function having(eb: Builder, labels: string[]): Expression<SqlBool>[] {
  return labels.map((label) => labelExists(eb, label))
}

function labelExists(eb: Builder, label: string): Expression<SqlBool> {
  return eb.exists(
    eb
      .selectFrom('message_labels as x')
      .select('x.label')
      .whereRef('x.message_id', '=', 'm.id')
      .where('x.label', '=', label),
  )
}
