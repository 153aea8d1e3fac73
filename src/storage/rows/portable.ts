import { DatabaseSync } from 'node:sqlite'
import { Failure } from '../../core/errors.ts'
import { migrate } from '../migrate.ts'
import { type Migration, postgresMigrations, sqliteMigrations } from '../migrations/list.ts'
import { databaseOver } from '../sqlite.ts'

/** A row by the names of its columns: the same on every engine. */
export type Row = Record<string, string | number | null>

/** What there is to know of a set of rows beside the rows. */
export interface RowsMeta {
  engine: 'sqlite' | 'postgres'
  migrations: string[]
  /** The last number that the event log has given, be its entry still there or not. */
  lastEvent: number
}

/** All rows as they were at one moment, however long it takes to read them. */
export interface RowSnapshot extends AsyncDisposable {
  meta: RowsMeta
  tables: string[]
  /** In batches of bounded size; events in their order. */
  rows(table: string): AsyncIterable<Row[]>
}

/** An empty place for rows. Nothing of it is there for anybody until `finish`; disposing before that leaves nothing. */
export interface RowTarget extends AsyncDisposable {
  /** Makes the tables as they were when the rows were read. */
  prepare(meta: RowsMeta): Promise<void>
  load(table: string, rows: Row[]): Promise<void>
  /** Holds the number of rows against `counts`, brings the schema up to date and makes it all durable. */
  finish(counts: Record<string, number>): Promise<void>
}

/** A batch ends with the row that reaches one of these. */
export const BATCH_ROWS = 1000
export const BATCH_CHARS = 2_000_000

// Each follows from the others, or is about the moment: the target makes its own.
const ownAffair = new Set(['migrations', 'blob_holds', 'sqlite_sequence'])

/** The tables that are copied, with their columns, as the newest schema has them: what SQLite has, PostgreSQL has too. */
export async function portableTables(): Promise<Map<string, string[]>> {
  const model = new DatabaseSync(':memory:')
  try {
    await migrate(databaseOver(model).kysely, sqliteMigrations)
    const names = model.prepare("select name from sqlite_schema where type = 'table' order by name").all()
    const columns = model.prepare('select name from pragma_table_info(?)')
    const tables = names.map((row) => String(row.name)).filter((name) => !ownAffair.has(name))
    return new Map(tables.map((table) => [table, columns.all(table).map((row) => String(row.name))]))
  } finally {
    model.close()
  }
}

/** Those of an engine's migrations that the rows have gone through; the others come after the rows are there, as in any upgrade. */
export function migrationsBehind(meta: RowsMeta, own: Migration[]): Migration[] {
  const known = new Set([...sqliteMigrations, ...postgresMigrations].map(({ name }) => name))
  const unknown = meta.migrations.filter((name) => !known.has(name))
  if (unknown.length > 0) {
    throw new Failure('unprocessable', `The rows are of a newer Posthouse than this one: ${unknown.join(', ')}`)
  }
  return own.filter(({ name }) => meta.migrations.includes(name))
}

/** The columns of a batch. Names become SQL, and a file may hold anything. */
export function columnsOf(table: string, rows: Row[]): string[] {
  const columns = Object.keys(rows[0] ?? {})
  const bad = [table, ...columns].find((name) => !/^[a-z][a-z0-9_]{0,62}$/.test(name))
  if (bad !== undefined) throw new Failure('unprocessable', 'The rows name a table or column that cannot be one')
  return columns
}

export function lengthOf(row: Row): number {
  let length = 0
  for (const value of Object.values(row)) length += typeof value === 'string' ? value.length : 8
  return length
}

export function checkCount(table: string, expected: number, found: number): void {
  if (expected !== found) throw new Failure('unprocessable', `${table}: ${expected} rows were to come, ${found} came`)
}
