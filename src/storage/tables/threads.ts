import type { Expression, ExpressionBuilder, SqlBool } from 'kysely'
import type { MailboxId, MessageId, OrgId, ThreadId } from '../../core/ids.ts'
import { searchable } from '../../core/messages/matches.ts'
import type { Page, PageRequest } from '../../core/paging.ts'
import type { Thread } from '../../core/threads/model.ts'
import type { ThreadFilter, ThreadReader, ThreadWriter } from '../../core/threads/store.ts'
import type { Database } from '../database.ts'
import { contains, cutPage } from '../paging.ts'
import type { Schema, ThreadTable } from '../schema.ts'
import { rowOf, statement } from '../statement.ts'

const columns = [
  'id',
  'org_id',
  'mailbox_id',
  'subject',
  'preview',
  'last_message_id',
  'last_at',
  'last_received_at',
  'last_sent_at',
  'message_count',
  'size_bytes',
  'senders',
  'recipients',
  'labels',
  'hidden',
  'created_at',
  'updated_at',
] as const satisfies (keyof ThreadTable)[]
const texts = ['subject_text', 'senders_text', 'recipients_text'] as const satisfies (keyof ThreadTable)[]

type Row = Pick<ThreadTable, (typeof columns)[number]>

const byId = statement((db, v: { mailbox: string; id: string }) =>
  db.selectFrom('threads').select(columns).where('id', '=', v.id).where('mailbox_id', '=', v.mailbox),
)
const insertThread = statement((db, v: ThreadTable) =>
  db.insertInto('threads').values(rowOf(v, [...columns, ...texts])),
)
const updateThread = statement((db, v: ThreadTable) => {
  const { id: _id, org_id: _org, mailbox_id: _mailbox, ...rest } = rowOf(v, [...columns, ...texts])
  return db.updateTable('threads').set(rest).where('id', '=', v.id)
})
const clearLabels = statement((db, v: { id: string }) => db.deleteFrom('thread_labels').where('thread_id', '=', v.id))

export function threadReader(db: Database): ThreadReader {
  return {
    async get(mailbox, id) {
      const row = await byId.first(db, { mailbox, id })
      return row && toThread(row)
    },
    list: (mailbox, filter, page) => listThreads(db, mailbox, filter, page),
  }
}

export function threadWriter(db: Database): ThreadWriter {
  const reader = threadReader(db)
  return {
    ...reader,
    async get(mailbox, id) {
      await db.engine.holdMailbox(db.kysely, mailbox)
      return reader.get(mailbox, id)
    },
    async insert(thread) {
      await insertThread.change(db, fromThread(thread))
      await insertLabels(db, thread)
    },
    async update(thread) {
      await updateThread.change(db, fromThread(thread))
      await clearLabels.change(db, { id: thread.id })
      await insertLabels(db, thread)
    },
    async delete(id) {
      await clearLabels.change(db, { id })
      await db.kysely.deleteFrom('threads').where('id', '=', id).execute()
    },
  }
}

async function insertLabels(db: Database, thread: Thread): Promise<void> {
  if (thread.labels.length === 0) return
  const { id, mailboxId, lastAt } = thread
  const all = thread.labels.map((label) => ({ thread_id: id, label, mailbox_id: mailboxId, last_at: lastAt }))
  await db.kysely.insertInto('thread_labels').values(all).execute()
}

export async function listThreads(
  db: Database,
  mailbox: MailboxId,
  filter: ThreadFilter,
  page: PageRequest,
): Promise<Page<Thread>> {
  const total = await countThreads(db, mailbox, filter)
  if (page.limit === 0 || total === 0) return { items: [], total }
  const matching = matchingThreads(db, mailbox, filter).select(columns.map((name) => `t.${name}` as const))
  const time = filter.labels?.length ? ['l.last_at', 'l.thread_id'] : ['t.last_at', 't.id']
  const rows = await cutPage(matching, page, time[0]!, time[1]!).execute()
  return { items: rows.map(toThread), total }
}

/** What a default list shows is read from the mailbox's own count. */
async function countThreads(db: Database, mailbox: MailboxId, filter: ThreadFilter): Promise<number> {
  const { includeHidden, ...narrowing } = filter
  const narrowed = Object.values(narrowing).some((v) => v !== undefined && (!Array.isArray(v) || v.length > 0))
  if (narrowed || includeHidden) {
    const counted = matchingThreads(db, mailbox, filter).select((eb) => eb.fn.countAll<number>().as('n'))
    return (await counted.executeTakeFirstOrThrow()).n
  }
  const counted = db.kysely.selectFrom('mailboxes').select('thread_count').where('id', '=', mailbox)
  return (await counted.executeTakeFirst())?.thread_count ?? 0
}

function matchingThreads(db: Database, mailbox: MailboxId, filter: ThreadFilter) {
  const [first, ...others] = filter.labels ?? []
  const start = first === undefined ? plain(db).where('t.mailbox_id', '=', mailbox) : labelled(db, mailbox, first)
  const query = start as ReturnType<typeof plain>
  return query.where((eb) => eb.and([...narrowed(eb, filter), ...having(eb, others)]))
}

function plain(db: Database) {
  return db.kysely.selectFrom('threads as t')
}

// The label's own index is in the order of the list, so it leads and the threads follow.
function labelled(db: Database, mailbox: MailboxId, label: string) {
  return db.kysely
    .selectFrom('thread_labels as l')
    .innerJoin('threads as t', 't.id', 'l.thread_id')
    .where('l.mailbox_id', '=', mailbox)
    .where('l.label', '=', label)
}

type Builder = ExpressionBuilder<Schema & { t: ThreadTable }, 't'>

function narrowed(eb: Builder, filter: ThreadFilter): Expression<SqlBool>[] {
  const { includeHidden, before, after, subject } = filter
  return [
    ...(includeHidden ? [] : [eb('t.hidden', '=', 0)]),
    ...(before === undefined ? [] : [eb('t.last_at', '<', before)]),
    ...(after === undefined ? [] : [eb('t.last_at', '>', after)]),
    ...(subject === undefined ? [] : [contains('t.subject_text', subject)]),
    ...(filter.senders ?? []).map((text) => contains('t.senders_text', text)),
    ...(filter.recipients ?? []).map((text) => contains('t.recipients_text', text)),
  ]
}

function having(eb: Builder, labels: string[]): Expression<SqlBool>[] {
  return labels.map((label) =>
    eb.exists(
      eb
        .selectFrom('thread_labels as x')
        .select('x.label')
        .whereRef('x.thread_id', '=', 't.id')
        .where('x.label', '=', label),
    ),
  )
}

function toThread(row: Row): Thread {
  return {
    id: row.id as ThreadId,
    orgId: row.org_id as OrgId,
    mailboxId: row.mailbox_id as MailboxId,
    subject: row.subject,
    preview: row.preview,
    lastMessageId: row.last_message_id as MessageId,
    lastAt: row.last_at,
    lastReceivedAt: row.last_received_at,
    lastSentAt: row.last_sent_at,
    messageCount: row.message_count,
    sizeBytes: row.size_bytes,
    senders: JSON.parse(row.senders),
    recipients: JSON.parse(row.recipients),
    labels: JSON.parse(row.labels),
    hidden: row.hidden === 1,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

function fromThread(t: Thread): ThreadTable {
  return {
    id: t.id,
    org_id: t.orgId,
    mailbox_id: t.mailboxId,
    subject: t.subject,
    preview: t.preview,
    last_message_id: t.lastMessageId,
    last_at: t.lastAt,
    last_received_at: t.lastReceivedAt,
    last_sent_at: t.lastSentAt,
    message_count: t.messageCount,
    size_bytes: t.sizeBytes,
    senders: JSON.stringify(t.senders),
    recipients: JSON.stringify(t.recipients),
    labels: JSON.stringify(t.labels),
    hidden: t.hidden ? 1 : 0,
    subject_text: (t.subject ?? '').toLowerCase(),
    senders_text: searchable(t.senders),
    recipients_text: searchable(t.recipients),
    created_at: t.createdAt,
    updated_at: t.updatedAt,
  }
}
