import { existsSync } from 'node:fs'
import type { Config } from './config.ts'
import { Failure } from './core/errors.ts'
import { rowsFile } from './open-stores.ts'
import type { RowSnapshot, RowTarget } from './storage/rows/portable.ts'
import { openPostgresSnapshot } from './storage/rows/postgres-snapshot.ts'
import { openPostgresTarget } from './storage/rows/postgres-target.ts'
import { openSqliteSnapshot } from './storage/rows/sqlite-snapshot.ts'
import { openSqliteTarget } from './storage/rows/sqlite-target.ts'

/** All rows as they are now. */
export function openRowSnapshot(config: Config): Promise<RowSnapshot> {
  const url = config.POSTHOUSE_DATABASE_URL
  return url === undefined ? openSqliteSnapshot(rowsFile(config)) : openPostgresSnapshot(url)
}

/** The place for rows that come from elsewhere; refused when there are rows. */
export function openRowTarget(config: Config): Promise<RowTarget> {
  const url = config.POSTHOUSE_DATABASE_URL
  return url === undefined ? openSqliteTarget(rowsFile(config)) : openPostgresTarget(url)
}

/** For commands that only make sense where there is something: none of them shall make an empty store by looking for one. */
export function refuseWithoutRows(config: Config): void {
  if (config.POSTHOUSE_DATABASE_URL !== undefined || existsSync(rowsFile(config))) return
  throw new Failure('not_found', `There is no data in ${config.POSTHOUSE_DATA}: is POSTHOUSE_DATA right?`)
}
