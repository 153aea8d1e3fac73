import { sha256OfKey } from '../../core/blob-key.ts'
import type { MessageId } from '../../core/ids.ts'
import type { Database } from '../database.ts'

// Below the number of parameters that either engine takes in one statement.
const BITE = 1000

/** Held by whoever decides which blobs nothing refers to any more, and by whoever refers to one that is there already. */
export const BLOBS = 'blobs'

/** Erases messages with all that hangs on them; answers the blob keys that nothing refers to any more. */
export async function deleteMessages(db: Database, ids: MessageId[]): Promise<string[]> {
  if (ids.length === 0) return []
  await db.engine.hold(db.kysely, BLOBS)
  const orphans: string[] = []
  for (let i = 0; i < ids.length; i += BITE) orphans.push(...(await deleteBite(db, ids.slice(i, i + BITE))))
  return orphans
}

async function deleteBite(db: Database, ids: MessageId[]): Promise<string[]> {
  const { kysely } = db
  const deliveries = kysely.selectFrom('deliveries').select('id').where('message_id', 'in', ids)
  await kysely.deleteFrom('delivery_attempts').where('delivery_id', 'in', deliveries).execute()
  for (const table of ['deliveries', 'message_labels', 'message_uids', 'parts', 'message_contents'] as const) {
    await kysely.deleteFrom(table).where('message_id', 'in', ids).execute()
  }
  const gone = await kysely.deleteFrom('messages').where('id', 'in', ids).returning('blob_key').execute()
  return unreferenced(db, [...new Set(gone.map((row) => row.blob_key))])
}

/** Those of the blob keys that no row names. */
export async function unreferenced(db: Database, keys: string[]): Promise<string[]> {
  const taken = await referencedBlobs(db, keys)
  return keys.filter((key) => !taken.has(key))
}

/** Those of the blob keys that a row names. Every table that names blobs is asked here: what is forgotten is swept away. */
export async function referencedBlobs(db: Database, keys: string[]): Promise<Set<string>> {
  if (keys.length === 0) return new Set()
  const named = (table: 'messages' | 'deliveries' | 'captured' | 'draft_attachments') =>
    db.kysely.selectFrom(table).select('blob_key').where('blob_key', 'in', keys)
  const sent = named('messages').union(named('deliveries')).union(named('captured'))
  const used = await sent.union(named('draft_attachments')).execute()
  return new Set(used.map((row) => row.blob_key))
}

/** Every blob that a row names, in the order of the keys, with the hash that its bytes must have. */
export async function blobsAfter(
  db: Database,
  after: string,
  limit: number,
): Promise<{ key: string; sha256: string }[]> {
  const found = new Map<string, string>()
  for (const table of ['deliveries', 'captured', 'draft_attachments'] as const) {
    const named = db.kysely.selectFrom(table).select('blob_key').distinct().where('blob_key', '>', after)
    const rows = await named.orderBy('blob_key').limit(limit).execute()
    for (const { blob_key } of rows) found.set(blob_key, sha256OfKey(blob_key) ?? '')
  }
  const messages = db.kysely.selectFrom('messages').select(['blob_key', 'sha256']).distinct()
  const rows = await messages.where('blob_key', '>', after).orderBy('blob_key').limit(limit).execute()
  for (const { blob_key, sha256 } of rows) found.set(blob_key, sha256)
  // Each table gave its first ones, so the first ones of all are among them.
  const first = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, limit)
  return first.map(([key, sha256]) => ({ key, sha256 }))
}
