import type { MailboxId, MessageId } from '../../core/ids.ts'
import type { Database } from '../database.ts'
import { purgeDrafts } from './draft-purge.ts'
import { BLOBS, deleteMessages, unreferenced } from './message-delete.ts'
import { purgeWebhookLog } from './webhook-log.ts'

/** Erases one bite of a deleted mailbox: messages first, then captured mails, drafts, then what webhooks were told, then threads, at last the row itself. */
export async function purgeMailbox(db: Database, id: MailboxId, limit: number) {
  const { kysely } = db
  const row = await kysely.selectFrom('mailboxes').select('deleted_at').where('id', '=', id).executeTakeFirst()
  // Gone already, or alive: a live mailbox is never purged.
  if (!row || row.deleted_at === null) return { blobs: [], done: true }
  const messages = await kysely.selectFrom('messages').select('id').where('mailbox_id', '=', id).limit(limit).execute()
  if (messages.length > 0) {
    const blobs = await deleteMessages(
      db,
      messages.map((m) => m.id as MessageId),
    )
    return { blobs, done: false }
  }
  const captured = await purgeCaptured(db, id, limit)
  if (captured.length > 0) return { blobs: captured, done: false }
  const drafts = await purgeDrafts(db, id, limit)
  if (drafts) return { blobs: drafts, done: false }
  if (await purgeWebhookLog(db, id, limit)) return { blobs: [], done: false }
  return { blobs: [], done: !(await purgeThreads(db, id, limit)) && (await purgeRow(db, id)) }
}

async function purgeCaptured(db: Database, id: MailboxId, limit: number): Promise<string[]> {
  await db.engine.hold(db.kysely, BLOBS)
  const bite = db.kysely.selectFrom('captured').select('id').where('mailbox_id', '=', id).limit(limit)
  const gone = await db.kysely.deleteFrom('captured').where('id', 'in', bite).returning('blob_key').execute()
  return unreferenced(db, [...new Set(gone.map((row) => row.blob_key))])
}

async function purgeThreads(db: Database, id: MailboxId, limit: number): Promise<boolean> {
  const bite = db.kysely.selectFrom('threads').select('id').where('mailbox_id', '=', id).limit(limit)
  const gone = await db.kysely.deleteFrom('threads').where('id', 'in', bite).returning('id').execute()
  if (gone.length === 0) return false
  const ids = gone.map((row) => row.id)
  await db.kysely.deleteFrom('thread_labels').where('thread_id', 'in', ids).execute()
  return true
}

async function purgeRow(db: Database, id: MailboxId): Promise<boolean> {
  await db.kysely.deleteFrom('list_entries').where('place_id', '=', id).execute()
  await db.kysely.deleteFrom('mailboxes').where('id', '=', id).execute()
  return true
}
