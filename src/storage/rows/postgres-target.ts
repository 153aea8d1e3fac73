import { type ControlledTransaction, sql } from 'kysely'
import pg from 'pg'
import { Failure } from '../../core/errors.ts'
import { storable } from '../database.ts'
import { migrate } from '../migrate.ts'
import { postgresMigrations } from '../migrations/list.ts'
import { connectionOptions, databaseOver } from '../postgres.ts'
import type { Schema } from '../schema.ts'
import {
  checkCount,
  columnsOf,
  migrationsBehind,
  portableTables,
  type Row,
  type RowsMeta,
  type RowTarget,
} from './portable.ts'

/** A PostgreSQL database that holds no Posthouse yet. All is one transaction. */
export async function openPostgresTarget(url: string): Promise<RowTarget> {
  const pool = new pg.Pool({ ...connectionOptions(url), max: 1 })
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  const { kysely, engine } = databaseOver(pool)
  let transaction: ControlledTransaction<Schema> | undefined
  try {
    transaction = await kysely.startTransaction().execute()
    await sql`set local statement_timeout = 0`.execute(transaction)
    await sql`set local idle_in_transaction_session_timeout = 0`.execute(transaction)
    await engine.hold(transaction, 'migrations')
    await refuseUsed(transaction)
    return new PostgresTarget(pool, transaction)
  } catch (error) {
    // The pool ends when its connection has come back.
    await transaction
      ?.rollback()
      .execute()
      .catch(() => {})
    await pool.end().catch(() => {})
    throw error
  }
}

async function refuseUsed(transaction: ControlledTransaction<Schema>): Promise<void> {
  const ours = ['migrations', ...(await portableTables()).keys()]
  const { rows } = await sql<{ name: string }>`
    select tablename as name from pg_tables where schemaname = current_schema() and tablename in (${sql.join(ours)})
    `.execute(transaction)
  if (rows.length > 0) {
    throw new Failure('conflict', 'The database has tables of Posthouse already, and nothing is overwritten')
  }
}

class PostgresTarget implements RowTarget {
  readonly #pool: pg.Pool
  readonly #transaction: ControlledTransaction<Schema>
  readonly #tables = new Set<string>()
  #lastEvent = 0

  constructor(pool: pg.Pool, transaction: ControlledTransaction<Schema>) {
    this.#pool = pool
    this.#transaction = transaction
  }

  async prepare(meta: RowsMeta): Promise<void> {
    await migrate(this.#transaction, migrationsBehind(meta, postgresMigrations))
    this.#lastEvent = meta.lastEvent
    const { rows } = await sql<{ name: string }>`
      select tablename as name from pg_tables where schemaname = current_schema()`.execute(this.#transaction)
    const known = await portableTables()
    for (const { name } of rows.filter((row) => known.has(row.name))) {
      this.#tables.add(name)
      // What migrations put in comes with the rows.
      await sql`delete from ${sql.id(name)}`.execute(this.#transaction)
    }
  }

  async load(table: string, rows: Row[]): Promise<void> {
    const columns = columnsOf(table, rows)
    if (!this.#tables.has(table)) throw new Failure('unprocessable', `There is no table "${table}"`)
    const names = sql.join(columns.map((name) => sql.id(name)))
    const json = JSON.stringify(rows, (_, value) => (typeof value === 'string' ? storable(value) : value))
    await sql`
      insert into ${sql.id(table)} (${names})
      select ${names} from json_populate_recordset(null::${sql.id(table)}, ${json}::json)`.execute(this.#transaction)
  }

  async finish(counts: Record<string, number>): Promise<void> {
    for (const table of this.#tables) {
      const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.id(table)}`.execute(this.#transaction)
      checkCount(table, counts[table] ?? 0, rows[0]?.n ?? -1)
    }
    await sql`update event_position set last = ${this.#lastEvent}`.execute(this.#transaction)
    await migrate(this.#transaction, postgresMigrations)
    await this.#transaction.commit().execute()
    // Without it the first queries would be planned for empty tables.
    await this.#pool.query('analyze').catch(() => {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#transaction.isCommitted && !this.#transaction.isRolledBack) {
      await this.#transaction
        .rollback()
        .execute()
        .catch(() => {})
    }
    await this.#pool.end().catch(() => {})
  }
}
