import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { Kysely, SqliteAdapter, SqliteDialect, sql } from 'kysely'
import { Failure } from '../core/errors.ts'
import { type Connection, type Engine, storable } from './database.ts'
import { migrate } from './migrate.ts'
import { sqliteMigrations } from './migrations/list.ts'
import type { Schema } from './schema.ts'

/** A second process may hold the write lock: for one group commit, or for a long command of an operator. */
const BUSY_TIMEOUT_MS = 10_000

/** Checkpoints share the writer's time with commits; with 16 MiB between them they are not felt. */
const CHECKPOINT_PAGES = 4000

/**
 * What a connection may keep of its file until it is at rest. Writers mostly add at the edges; a list or a search that has to look at
 * much is twice as quick the second time with all of it at hand.
 */
const WRITER_CACHE_KB = 16_000
const READER_CACHE_KB = 32_000
const ONCE_CACHE_KB = 2_000

const MAX_STATEMENTS = 500

/** One writer at a time: whoever is in a transaction holds everything. */
const sqliteEngine: Engine = {
  name: 'sqlite',
  holdFreeRows: (query) => query,
  keep: () => {},
  hold: async () => {},
  inList: (column, field) => sql`json_extract(${sql.ref(column)}, ${sql.lit(`$[0].${field}`)})`,
  holdMailbox: async () => {},
}

/** Those of this thread; a closed one is forgotten with the next look. */
const opened = new Set<DatabaseSync>()

interface ConnectionOptions {
  readOnly?: boolean
  /** It hardly ever reads the same thing twice. */
  readsOnce?: boolean
}

/** Opens one connection to a database file; every writing one is durable, or it is not opened. */
export function openConnection(path: string, options: ConnectionOptions = {}): DatabaseSync {
  const { readOnly = false, readsOnce = false } = options
  const connection = new DatabaseSync(path, { readOnly, timeout: BUSY_TIMEOUT_MS })
  try {
    if (!readOnly) connection.exec('pragma journal_mode = wal')
    connection.exec('pragma synchronous = full')
    connection.exec(`pragma wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
    const cacheKb = readsOnce ? ONCE_CACHE_KB : readOnly ? READER_CACHE_KB : WRITER_CACHE_KB
    connection.exec(`pragma cache_size = -${cacheKb}`)
    connection.exec('pragma temp_store = memory')
    assertDurable(connection)
    opened.add(connection)
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

/** Gives back what the connections of this thread keep of their files. */
export function shrinkConnections(): void {
  for (const connection of opened) {
    if (connection.isOpen) connection.exec('pragma shrink_memory')
    else opened.delete(connection)
  }
}

// With `synchronous = normal` a power cut loses everything that was acknowledged since the last checkpoint.
function assertDurable(connection: DatabaseSync): void {
  const pragma = (name: string) => Object.values(connection.prepare(`pragma ${name}`).get() ?? {})[0]
  if (pragma('journal_mode') !== 'wal') throw new Error('The database could not be switched to a write-ahead log')
  if (pragma('synchronous') !== 2) throw new Error('The database could not be switched to synchronous = full')
}

// Kysely's lock of a single connection wakes everybody who waits for it after each statement: for a thousand at once that is a million
// times. Here nobody needs it: a statement runs to its end without a pause, and transactions are begun and ended by their owner alone.
class UnlockedAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true
  }
}

class UnlockedDialect extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new UnlockedAdapter()
  }
}

/** The typed query builder over a connection. */
export function databaseOver(connection: DatabaseSync): Connection {
  return databaseOf(statementCache(connection))
}

/** The typed query builder over whoever prepares its statements. */
export function databaseOf(prepare: (text: string) => Prepared): Connection {
  const dialect = new UnlockedDialect({ database: { prepare, close: () => {} } })
  return { kysely: new Kysely<Schema>({ dialect }), engine: sqliteEngine }
}

/** Brings the schema up to date, one process at a time. */
export async function migrateSqlite(connection: DatabaseSync): Promise<void> {
  connection.exec('begin immediate')
  try {
    await migrate(databaseOver(connection).kysely, sqliteMigrations)
    connection.exec('commit')
  } catch (error) {
    if (connection.isTransaction) connection.exec('rollback')
    throw error
  }
}

/** Statements by their text, prepared once; the ones not used for longest go first. */
export function statementCache(connection: DatabaseSync, failed: (error: unknown) => void = () => {}) {
  const cache = new Map<string, Prepared>()
  return (text: string): Prepared => {
    let found = cache.get(text)
    if (found) cache.delete(text)
    else found = adapt(connection.prepare(text), failed)
    cache.set(text, found)
    if (cache.size > MAX_STATEMENTS) cache.delete(cache.keys().next().value ?? '')
    return found
  }
}

export type Prepared = ReturnType<typeof adapt>

function adapt(statement: StatementSync, failed: (error: unknown) => void) {
  const attempt = <T>(run: (values: SQLInputValue[]) => T, values: readonly unknown[]): T => {
    try {
      return run(values.map(storable))
    } catch (error) {
      failed(error)
      throw outageAsFailure(error)
    }
  }
  return {
    reader: statement.columns().length > 0,
    all: (values: readonly unknown[]) => attempt((all) => statement.all(...all) as unknown[], values),
    run: (values: readonly unknown[]) => attempt((all) => statement.run(...all), values),
    iterate: (values: readonly unknown[]) =>
      attempt((all) => statement.iterate(...all) as IterableIterator<unknown>, values),
  }
}

// https://www.sqlite.org/rescode.html: what is the machine's fault and may be over the next time.
const outages = new Set([5, 6, 7, 8, 10, 11, 13, 14, 15, 26])

/** True for a full disk, a failing disk, a lock that never came free: nothing that the caller did. */
export function isOutage(error: unknown): boolean {
  if (error instanceof Failure) return isOutage(error.cause)
  return error instanceof Error && 'errcode' in error && outages.has(Number(error.errcode) & 0xff)
}

/** True for a file that is torn, or no database at all. */
export function isDamage(error: unknown): boolean {
  if (error instanceof Failure) return isDamage(error.cause)
  return error instanceof Error && 'errcode' in error && [11, 26].includes(Number(error.errcode) & 0xff)
}

/** The refusal for an outage; anything else as it is. */
export function outageAsFailure(error: unknown): unknown {
  if (error instanceof Failure || !isOutage(error)) return error
  return new Failure('unavailable', 'The store does not answer now', { cause: error })
}
