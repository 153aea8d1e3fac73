import type { Reach } from '../../core/accounts/caller.ts'
import type { Direction } from '../../core/messages/model.ts'
import type { Database } from '../database.ts'
import { alive } from './alive.ts'
import { messageColumns } from './message-rows.ts'
import { withParts } from './parts.ts'

/** The newest shown messages of one direction, of all mailboxes within reach. */
export async function newestWithin(db: Database, reach: Reach, direction: Direction, limit: number) {
  const columns = messageColumns.map((name) => `m.${name}` as const)
  let found = db.kysely
    .selectFrom('messages as m')
    .innerJoin('mailboxes as b', 'b.id', 'm.mailbox_id')
    .select([...columns, 'm.fetch_number'])
    .where('m.org_id', '=', reach.orgId)
    .where('m.direction', '=', direction)
    .where('m.hidden', '=', 0)
    .where(alive(db, 'b'))
  if (reach.projectId !== null) found = found.where('b.project_id', '=', reach.projectId)
  if (reach.mailboxId !== null) found = found.where('m.mailbox_id', '=', reach.mailboxId)
  const rows = await found.orderBy('m.at', 'desc').orderBy('m.id', 'desc').limit(limit).execute()
  const messages = await withParts(db, rows)
  return messages.map((message, at) => ({ message, fetched: rows[at]?.fetch_number !== null }))
}
