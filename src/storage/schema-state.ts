import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { postgresMigrations, sqliteMigrations } from './migrations/list.ts'
import { connectionOptions } from './postgres.ts'

/** How the schema of a database stands to this program; looking changes nothing. */
export interface SchemaState {
  applied: number
  /** What the next start will run. */
  waiting: string[]
  /** What a newer program has run. */
  unknown: string[]
}

/** Undefined when there is no database yet. */
export function sqliteSchemaState(path: string): SchemaState | undefined {
  if (!existsSync(path)) return undefined
  const connection = new DatabaseSync(path, { readOnly: true, timeout: 2_000 })
  try {
    if (!connection.prepare("select 1 from sqlite_schema where name = 'migrations'").get()) return undefined
    const rows = connection.prepare('select name from migrations').all()
    return compare(
      rows.map(({ name }) => String(name)),
      sqliteMigrations.map(({ name }) => name),
    )
  } finally {
    connection.close()
  }
}

/** Undefined when the database is empty; `aheadMs` is how far its clock is before ours. */
export async function postgresSchemaState(url: string): Promise<(SchemaState & { aheadMs: number }) | undefined> {
  const client = new pg.Client({ ...connectionOptions(url), connectionTimeoutMillis: 5_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows: there } = await client.query<{ there: boolean }>(
      "select to_regclass('migrations') is not null as there",
    )
    if (!there[0]?.there) return undefined
    const { rows } = await client.query<{ name: string }>('select name from migrations')
    const asked = Date.now()
    const { rows: clock } = await client.query<{ ms: number }>(
      'select (extract(epoch from clock_timestamp()) * 1000)::bigint as ms',
    )
    const aheadMs = Number(clock[0]?.ms) - (asked + Date.now()) / 2
    const names = rows.map(({ name }) => name)
    return {
      ...compare(
        names,
        postgresMigrations.map(({ name }) => name),
      ),
      aheadMs,
    }
  } finally {
    await client.end().catch(() => {})
  }
}

function compare(applied: string[], own: string[]): SchemaState {
  return {
    applied: applied.length,
    waiting: own.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !own.includes(name)),
  }
}
