import type { MailboxId, MessageId, OrgId, ThreadId } from '../../core/ids.ts'
import { searchable } from '../../core/messages/matches.ts'
import type { Page } from '../../core/paging.ts'
import type { Thread } from '../../core/threads/model.ts'
import type { ThreadReader, ThreadWriter } from '../../core/threads/store.ts'
import type { Database } from '../database.ts'
import type { ThreadTable } from '../schema.ts'
import { rowOf, statement } from '../statement.ts'
import { partsOfThreads } from './parts.ts'
import { threadColumns as columns, pageOfThreads, selected, type ThreadRow, threadsWithin } from './thread-list.ts'

const texts = ['subject_text', 'senders_text', 'recipients_text'] as const satisfies (keyof ThreadTable)[]

type NewRow = Omit<ThreadTable, 'project_id'>

const byId = statement((db, v: { mailbox: string; id: string }) =>
  db.selectFrom('threads').select(columns).where('id', '=', v.id).where('mailbox_id', '=', v.mailbox),
)
const insertThread = statement((db, v: NewRow) =>
  db.insertInto('threads').values((eb) => ({
    ...rowOf(v, [...columns, ...texts]),
    project_id: eb.selectFrom('mailboxes').select('project_id').where('id', '=', v.mailbox_id),
  })),
)
const updateThread = statement((db, v: NewRow) => {
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
    async within(reach, id) {
      const row = await threadsWithin(db, reach).select(selected).where('t.id', '=', id).executeTakeFirst()
      return row && toThread(row)
    },
    list: (reach, filter, page) => listThreads(db, reach, filter, page),
    parts: (ids) => partsOfThreads(db, ids),
  }
}

export async function listThreads(db: Database, ...asked: Parameters<ThreadReader['list']>): Promise<Page<Thread>> {
  const { rows, total } = await pageOfThreads(db, ...asked)
  return { items: rows.map(toThread), total }
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
      await insertThread.write(db, fromThread(thread))
      await insertLabels(db, thread)
    },
    async update(thread) {
      await updateThread.write(db, fromThread(thread))
      await clearLabels.write(db, { id: thread.id })
      await insertLabels(db, thread)
    },
    async delete(id) {
      await clearLabels.write(db, { id })
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

function toThread(row: ThreadRow): Thread {
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
    unreadCount: row.unread_count,
    hidden: row.hidden === 1,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

function fromThread(t: Thread): NewRow {
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
    unread_count: t.unreadCount,
    hidden: t.hidden ? 1 : 0,
    subject_text: (t.subject ?? '').toLowerCase(),
    senders_text: searchable(t.senders),
    recipients_text: searchable(t.recipients),
    created_at: t.createdAt,
    updated_at: t.updatedAt,
  }
}
