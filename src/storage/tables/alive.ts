import { sql } from 'kysely'

/** A condition on rows of `mailboxes` under this name: neither deleted nor past its time. */
export function aliveAt(table: string, now: number) {
  const column = (name: string) => sql.ref(`${table}.${name}`)
  return sql<boolean>`(${column('deleted_at')} is null
    and (${column('expires_at')} is null or ${column('expires_at')} > ${now}))`
}
