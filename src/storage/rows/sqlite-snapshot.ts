import type { DatabaseSync } from 'node:sqlite'
import { openConnection } from '../sqlite.ts'
import {
  BATCH_CHARS,
  BATCH_ROWS,
  lengthOf,
  portableTables,
  type Row,
  type RowSnapshot,
  type RowsMeta,
} from './portable.ts'

/** The rows of a SQLite file, which may be written meanwhile: readers of a write-ahead log keep the view that they began with. */
export async function openSqliteSnapshot(path: string): Promise<RowSnapshot> {
  const tables = await portableTables()
  const connection = openConnection(path, { readOnly: true })
  try {
    connection.exec('begin')
    return new SqliteSnapshot(connection, tables, readMeta(connection))
  } catch (error) {
    connection.close()
    throw error
  }
}

// The first read of the transaction: from here on it sees nothing new.
function readMeta(connection: DatabaseSync): RowsMeta {
  const migrations = connection.prepare('select name from migrations order by applied_at, name').all()
  const sequence = connection.prepare("select seq from sqlite_sequence where name = 'events'").get()
  return {
    engine: 'sqlite',
    migrations: migrations.map((row) => String(row.name)),
    lastEvent: Number(sequence?.seq ?? 0),
  }
}

class SqliteSnapshot implements RowSnapshot {
  readonly meta: RowsMeta
  readonly tables: string[]
  readonly #connection: DatabaseSync
  readonly #columns: Map<string, string[]>

  constructor(connection: DatabaseSync, columns: Map<string, string[]>, meta: RowsMeta) {
    this.#connection = connection
    this.#columns = columns
    this.tables = [...columns.keys()]
    this.meta = meta
  }

  async *rows(table: string): AsyncGenerator<Row[]> {
    const columns = (this.#columns.get(table) ?? []).map((name) => `"${name}"`).join(', ')
    const order = table === 'events' ? 'order by seq' : ''
    let batch: Row[] = []
    let chars = 0
    for (const row of this.#connection.prepare(`select ${columns} from "${table}" ${order}`).iterate()) {
      // A copy: what the driver makes has no prototype.
      batch.push({ ...row } as Row)
      chars += lengthOf(row as Row)
      if (batch.length < BATCH_ROWS && chars < BATCH_CHARS) continue
      yield batch
      batch = []
      chars = 0
    }
    if (batch.length > 0) yield batch
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#connection.isOpen) this.#connection.close()
  }
}
