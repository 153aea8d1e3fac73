import type { MessageId, OrgId, PartId, ThreadId } from '../../core/ids.ts'
import type { Message, Part } from '../../core/messages/model.ts'
import type { StoredPart } from '../../core/messages/store.ts'
import type { Database } from '../database.ts'
import type { PartTable } from '../schema.ts'
import { rowOf, statement } from '../statement.ts'
import { alive } from './alive.ts'
import { toPolicy } from './mailboxes.ts'
import { type MessageRow, toMessage } from './message-rows.ts'

const columns = [
  'id',
  'message_id',
  'position',
  'filename',
  'content_type',
  'disposition',
  'content_id',
  'size_bytes',
  'sha256',
  'byte_offset',
  'byte_length',
  'encoding',
] as const satisfies (keyof PartTable)[]

const insertPart = statement((db, v: PartTable) => db.insertInto('parts').values(rowOf(v, columns)))

export async function insertParts(db: Database, message: MessageId, parts: Part[]): Promise<void> {
  for (const [i, part] of parts.entries()) await insertPart.write(db, fromPart(message, i, part))
}

/** The messages of these rows, in their order, with their attachments. */
export async function withParts(db: Database, found: MessageRow[]): Promise<Message[]> {
  const having = found.filter((row) => row.part_count > 0).map((row) => row.id)
  const parts = new Map<string, Part[]>()
  if (having.length > 0) {
    const all = db.kysely.selectFrom('parts').selectAll().where('message_id', 'in', having).orderBy('position')
    for (const row of await all.execute()) {
      const list = parts.get(row.message_id) ?? []
      list.push(toPart(row))
      parts.set(row.message_id, list)
    }
  }
  return found.map((row) => toMessage(row, parts.get(row.id) ?? []))
}

/** The attachments of those messages of each thread that lists show, oldest first. */
export async function partsOfThreads(db: Database, ids: ThreadId[]): Promise<Map<ThreadId, Part[]>> {
  if (ids.length === 0) return new Map()
  const rows = await db.kysely
    .selectFrom('messages as m')
    .innerJoin('threads as t', 't.id', 'm.thread_id')
    .innerJoin('parts as p', 'p.message_id', 'm.id')
    .selectAll('p')
    .select('m.thread_id')
    .where('m.thread_id', 'in', ids)
    .where('m.part_count', '>', 0)
    .whereRef('m.hidden', '=', 't.hidden')
    .orderBy('m.at')
    .orderBy('p.position')
    .execute()
  const byThread = Map.groupBy(rows, (row) => row.thread_id as ThreadId)
  return new Map([...byThread].map(([id, own]) => [id, own.map(toPart)]))
}

/** A part whose message's mailbox is alive, with the blob its bytes are in. */
export async function readPart(db: Database, org: OrgId, id: PartId): Promise<StoredPart | undefined> {
  const row = await db.kysely
    .selectFrom('parts as p')
    .innerJoin('messages as m', 'm.id', 'p.message_id')
    .innerJoin('mailboxes as b', 'b.id', 'm.mailbox_id')
    .selectAll('p')
    .select(['m.blob_key', 'm.at', 'b.policy'])
    .where('p.id', '=', id)
    .where('m.org_id', '=', org)
    .where(alive(db, 'b'))
    .executeTakeFirst()
  return row && { part: toPart(row), blobKey: row.blob_key, at: row.at, mailbox: { policy: toPolicy(row.policy) } }
}

function toPart(row: PartTable): Part {
  return {
    id: row.id as PartId,
    filename: row.filename,
    contentType: row.content_type,
    disposition: row.disposition as Part['disposition'],
    contentId: row.content_id,
    sizeBytes: row.size_bytes,
    sha256: row.sha256,
    offset: row.byte_offset,
    length: row.byte_length,
    encoding: row.encoding,
  }
}

function fromPart(message: MessageId, position: number, p: Part): PartTable {
  return {
    id: p.id,
    message_id: message,
    position,
    filename: p.filename,
    content_type: p.contentType,
    disposition: p.disposition,
    content_id: p.contentId,
    size_bytes: p.sizeBytes,
    sha256: p.sha256,
    byte_offset: p.offset,
    byte_length: p.length,
    encoding: p.encoding,
  }
}
