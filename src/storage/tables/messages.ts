import { sql } from 'kysely'
import type { MailboxId, MessageId, ThreadId } from '../../core/ids.ts'
import type { Message, MessageContent } from '../../core/messages/model.ts'
import type { MessageReader, MessageWriter, SentWithin } from '../../core/messages/store.ts'
import type { Database } from '../database.ts'
import type { MessageContentTable, MessageTable } from '../schema.ts'
import { rowOf, statement } from '../statement.ts'
import { blobsAfter, deleteMessages, referencedBlobs } from './message-delete.ts'
import * as handling from './message-handling.ts'
import { listMessages } from './message-list.ts'
import { messagesMentioning } from './message-mentions.ts'
import { fetchCount, markFetched, nextMessage } from './message-next.ts'
import { newestWithin } from './message-reach.ts'
import type { MessageRow } from './message-rows.ts'
import * as rows from './message-rows.ts'
import { assignUids, findByUid, uidsOf } from './message-uids.ts'
import { insertParts, readPart, withParts } from './parts.ts'

const byId = statement((db, v: { mailbox: string; id: string }) =>
  db.selectFrom('messages').select(rows.messageColumns).where('id', '=', v.id).where('mailbox_id', '=', v.mailbox),
)

const byMessageId = statement((db, v: { mailbox: string; messageId: string }) =>
  db
    .selectFrom('messages')
    .select(rows.messageColumns)
    .where('mailbox_id', '=', v.mailbox)
    .where('message_id', '=', v.messageId),
)

const byEitherName = statement((db, v: { mailbox: string; first: string; second: string }) =>
  db
    .selectFrom('messages')
    .select(rows.messageColumns)
    .where('mailbox_id', '=', v.mailbox)
    .where('message_id', 'in', [v.first, v.second]),
)

const insertMessage = statement((db, v: MessageTable) =>
  db.insertInto('messages').values(rowOf(v, rows.allMessageColumns)),
)
const insertContent = statement((db, v: MessageContentTable) =>
  db.insertInto('message_contents').values(rowOf(v, rows.contentColumns)),
)

export function messageReader(db: Database): MessageReader {
  return {
    get: async (mailbox, id) => one(db, await byId.first(db, { mailbox, id })),
    byMessageId: async (mailbox, messageId) => one(db, await byMessageId.first(db, { mailbox, messageId })),
    find: (mailbox, ids, messageIds) => findMessages(db, mailbox, ids, messageIds),
    list: (mailbox, filter, page) => listMessages(db, mailbox, filter, page),
    tally: (mailboxes, now) => handling.tallyMessages(db, mailboxes, now),
    next: (mailbox, filter) => nextMessage(db, mailbox, filter),
    fetchCount: (mailbox) => fetchCount(db, mailbox),
    async ofThread(thread) {
      const all = db.kysely.selectFrom('messages').select(rows.messageColumns).where('thread_id', '=', thread)
      return withParts(db, await all.orderBy('at').orderBy('id').execute())
    },
    withIds: (ids) => withIds(db, ids),
    content: async (id) => (await readContents(db, [id])).get(id),
    contents: (ids) => readContents(db, ids),
    texts: (ids) => readTexts(db, ids),
    async sizes(ids) {
      if (ids.length === 0) return new Map()
      const found = db.kysely.selectFrom('messages').select(['id', 'size_bytes']).where('id', 'in', ids)
      return new Map((await found.execute()).map((row) => [row.id as MessageId, row.size_bytes]))
    },
    nthLatestSent: (within, since, n) => nthLatestSent(db, within, since, n),
    mentioning: (reach, asked) => messagesMentioning(db, reach, asked),
    newest: (reach, filter, limit) => newestWithin(db, reach, filter, limit),
    byUid: (org, place) => findByUid(db, org, place),
    uids: (ids) => uidsOf(db, ids),
    part: (org, id) => readPart(db, org, id),
    referencedBlobs: (keys) => referencedBlobs(db, keys),
    blobsAfter: (after, limit) => blobsAfter(db, after, limit),
  }
}

async function nthLatestSent(db: Database, within: SentWithin, since: number, n: number) {
  // Written out, not a parameter: that is how both engines know the partial index.
  const outbound = db.kysely.selectFrom('messages').select('at').where(sql<boolean>`direction = 'outbound'`)
  const latest = outbound
    .where('at', '>=', since)
    .orderBy('at', 'desc')
    .limit(1)
    .offset(n - 1)
  if ('orgId' in within) return (await latest.where('org_id', '=', within.orgId).executeTakeFirst())?.at
  const ofMailbox = latest.where('mailbox_id', '=', within.mailboxId)
  const { threadId } = within
  return (await (threadId ? ofMailbox.where('thread_id', '=', threadId) : ofMailbox).executeTakeFirst())?.at
}

export function messageWriter(db: Database): MessageWriter {
  const reader = messageReader(db)
  return {
    ...reader,
    async get(mailbox, id) {
      await db.engine.holdMailbox(db.kysely, mailbox)
      return reader.get(mailbox, id)
    },
    insert: (message, content) => insert(db, message, content),
    assignUids: (copies) => assignUids(db, copies),
    threadsOf: (mailbox, messageIds) => threadsOf(db, mailbox, messageIds),
    updateFlags: (message) => updateFlags(db, message),
    async namedAs(mailbox, [first, second]) {
      return withParts(db, await byEitherName.all(db, { mailbox, first, second }))
    },
    firstUnhandled: (mailbox, since, limit) => handling.firstUnhandled(db, mailbox, since, limit),
    setHandled: (ids, handledAt, at) => handling.setHandled(db, ids, handledAt, at),
    expired: (after, now, limit) => handling.expiredMessages(db, after, now, limit),
    markFetched: (mailbox, ids) => markFetched(db, mailbox, ids),
    async updateStatus(id, status, at) {
      await db.kysely.updateTable('messages').set({ status, updated_at: at }).where('id', '=', id).execute()
    },
    async setOpened(id, at) {
      await db.kysely.updateTable('messages').set({ opened: 1, updated_at: at }).where('id', '=', id).execute()
    },
    delete: (ids) => deleteMessages(db, ids),
  }
}

async function one(db: Database, row: MessageRow | undefined): Promise<Message | undefined> {
  return row && (await withParts(db, [row]))[0]
}

async function findMessages(db: Database, mailbox: MailboxId, ids: MessageId[], messageIds: string[]) {
  if (ids.length + messageIds.length === 0) return []
  const all = db.kysely.selectFrom('messages').select(rows.messageColumns).where('mailbox_id', '=', mailbox)
  const named = await Promise.all([
    ids.length > 0 ? all.where('id', 'in', ids).execute() : [],
    messageIds.length > 0 ? all.where('message_id', 'in', messageIds).execute() : [],
  ])
  return withParts(db, [...new Map(named.flat().map((row) => [row.id, row])).values()])
}

async function withIds(db: Database, ids: MessageId[]): Promise<Message[]> {
  if (ids.length === 0) return []
  const all = db.kysely.selectFrom('messages').select(rows.messageColumns).where('id', 'in', ids)
  const found = new Map((await all.execute()).map((row) => [row.id, row]))
  const ordered = ids.flatMap((id) => found.get(id) ?? [])
  return withParts(db, ordered)
}

async function readContents(db: Database, ids: MessageId[]): Promise<Map<MessageId, MessageContent>> {
  if (ids.length === 0) return new Map()
  const all = db.kysely.selectFrom('message_contents').selectAll().where('message_id', 'in', ids)
  return new Map((await all.execute()).map((row) => [row.message_id as MessageId, rows.toContent(row)]))
}

async function readTexts(db: Database, ids: MessageId[]): Promise<Map<MessageId, string>> {
  if (ids.length === 0) return new Map()
  const said = sql<string>`coalesce(text, extracted_text, '')`.as('said')
  const all = db.kysely.selectFrom('message_contents').select(['message_id', said]).where('message_id', 'in', ids)
  return new Map((await all.execute()).map((row) => [row.message_id as MessageId, row.said]))
}

async function insert(db: Database, message: Message, content: MessageContent): Promise<void> {
  await insertMessage.write(db, rows.fromMessage(message))
  await insertContent.write(db, rows.fromContent(message.id, content))
  await insertParts(db, message.id, message.attachments)
  await insertLabels(db, message.id, message.mailboxId, message.at, message.labels)
}

async function insertLabels(db: Database, id: MessageId, mailbox: string, at: number, labels: string[]) {
  if (labels.length === 0) return
  const all = labels.map((label) => ({ message_id: id, label, mailbox_id: mailbox, at }))
  await db.kysely
    .insertInto('message_labels')
    .values(all)
    .onConflict((clash) => clash.doNothing())
    .execute()
}

async function threadsOf(db: Database, mailbox: MailboxId, messageIds: string[]): Promise<Map<string, ThreadId>> {
  if (messageIds.length === 0) return new Map()
  const known = db.kysely.selectFrom('messages').select(['message_id', 'thread_id']).where('mailbox_id', '=', mailbox)
  const found = await known.where('message_id', 'in', messageIds).execute()
  return new Map(found.map((row) => [row.message_id, row.thread_id as ThreadId]))
}

async function updateFlags(db: Database, message: Parameters<MessageWriter['updateFlags']>[0]): Promise<void> {
  const { id, labels, updatedAt } = message
  const row = await db.kysely
    .updateTable('messages')
    .set({ ...rows.flagsOf(message), labels: JSON.stringify(labels), updated_at: updatedAt })
    .where('id', '=', id)
    .returning(['mailbox_id', 'at'])
    .executeTakeFirst()
  await db.kysely.deleteFrom('message_labels').where('message_id', '=', id).execute()
  if (row) await insertLabels(db, id, row.mailbox_id, row.at, labels)
}
