import type { MailboxId } from '../../core/ids.ts'
import type { Database } from '../database.ts'

/** Erases up to `limit` drafts of a deleted mailbox with their jobs; answers the keys of their blobs, undefined when there was none. */
export async function purgeDrafts(db: Database, mailbox: MailboxId, limit: number): Promise<string[] | undefined> {
  const { kysely } = db
  const bite = kysely.selectFrom('drafts').select('id').where('mailbox_id', '=', mailbox).limit(limit)
  const gone = await kysely.deleteFrom('drafts').where('id', 'in', bite).returning(['id', 'job_id']).execute()
  if (gone.length === 0) return undefined
  const jobs = gone.flatMap((row) => row.job_id ?? [])
  if (jobs.length > 0) await kysely.deleteFrom('jobs').where('id', 'in', jobs).execute()
  return eraseParts(
    db,
    gone.map((row) => row.id),
  )
}

/** Erases what hangs on drafts; answers the keys of their blobs. */
export async function eraseParts({ kysely }: Database, ids: string[]): Promise<string[]> {
  await kysely.deleteFrom('draft_labels').where('draft_id', 'in', ids).execute()
  const files = kysely.deleteFrom('draft_attachments').where('draft_id', 'in', ids).returning('blob_key')
  return (await files.execute()).map((row) => row.blob_key)
}
