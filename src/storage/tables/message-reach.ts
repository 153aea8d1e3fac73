import type { Reach } from '../../core/accounts/caller.ts'
import { withheld } from '../../core/messages/hiding.ts'
import type { NewestFilter } from '../../core/messages/store.ts'
import type { Database } from '../database.ts'
import { alive } from './alive.ts'
import { messageColumns } from './message-rows.ts'
import { withParts } from './parts.ts'

/** The newest messages of all mailboxes within reach. */
export async function newestWithin(db: Database, reach: Reach, filter: NewestFilter, limit: number) {
  const columns = messageColumns.map((name) => `m.${name}` as const)
  let found = db.kysely
    .selectFrom('messages as m')
    .innerJoin('mailboxes as b', 'b.id', 'm.mailbox_id')
    .select([...columns, 'm.fetch_number'])
    .where('b.org_id', '=', reach.orgId)
    .where('m.direction', '=', filter.direction)
    .where((eb) => eb.and(withheld(filter).map((flag) => eb(`m.${flag}`, '=', 0))))
    .where(alive(db, 'b'))
  if (reach.projectId !== null) found = found.where('b.project_id', '=', reach.projectId)
  // Each way has an index of its own, and SQLite takes the other one when it sees both.
  if (reach.mailboxId === null) found = found.where('m.org_id', '=', reach.orgId)
  else found = found.where('m.mailbox_id', '=', reach.mailboxId)
  const rows = await found.orderBy('m.at', 'desc').orderBy('m.id', 'desc').limit(limit).execute()
  const messages = await withParts(db, rows)
  return messages.map((message, at) => ({ message, fetched: rows[at]?.fetch_number !== null }))
}
