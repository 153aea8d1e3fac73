import { sql } from 'kysely'
import type { Database } from '../database.ts'

/** A condition on rows of `mailboxes` under this name: still there, at the time of the reading. */
export function alive(db: Database, table: string) {
  return aliveAt(table, db.now())
}

/** A condition on rows of `mailboxes` under this name: neither deleted nor past its time. */
export function aliveAt(table: string, now: number) {
  const column = (name: string) => sql.ref(`${table}.${name}`)
  return sql<boolean>`(${column('deleted_at')} is null
    and (${column('expires_at')} is null or ${column('expires_at')} > ${now}))`
}
