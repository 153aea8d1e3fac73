import pg from 'pg'
import { connectionOptions, orFailure } from '../postgres.ts'
import {
  BATCH_CHARS,
  BATCH_ROWS,
  lengthOf,
  portableTables,
  type Row,
  type RowSnapshot,
  type RowsMeta,
} from './portable.ts'

/** The rows of a PostgreSQL database, which may be written meanwhile: one transaction, one view (REPEATABLE READ). */
export async function openPostgresSnapshot(url: string): Promise<RowSnapshot> {
  const tables = await portableTables()
  const client = new pg.Client(connectionOptions(url))
  // A connection that breaks says so in an event too, and an event nobody hears ends the process.
  client.on('error', () => {})
  try {
    await orFailure(client.connect())
    await client.query('set statement_timeout = 0; set idle_in_transaction_session_timeout = 0')
    await client.query('begin isolation level repeatable read read only')
    return new PostgresSnapshot(client, tables, await readMeta(client))
  } catch (error) {
    await client.end().catch(() => {})
    throw error
  }
}

async function readMeta(client: pg.Client): Promise<RowsMeta> {
  const migrations = await client.query<{ name: string }>('select name from migrations order by applied_at, name')
  const events = await client.query<{ last: number }>(
    'select last + (select count(*) from events where seq is null) as last from event_position',
  )
  return {
    engine: 'postgres',
    migrations: migrations.rows.map(({ name }) => name),
    lastEvent: Number(events.rows[0]?.last ?? 0),
  }
}

class PostgresSnapshot implements RowSnapshot {
  readonly meta: RowsMeta
  readonly tables: string[]
  readonly #client: pg.Client
  readonly #columns: Map<string, string[]>

  constructor(client: pg.Client, columns: Map<string, string[]>, meta: RowsMeta) {
    this.#client = client
    this.#columns = columns
    this.tables = [...columns.keys()]
    this.meta = meta
  }

  async *rows(table: string): AsyncGenerator<Row[]> {
    const columns = (this.#columns.get(table) ?? []).map((name) => `"${name}"`).join(', ')
    if (table !== 'events') {
      yield* this.#fetch(`select ${columns} from "${table}"`)
      return
    }
    let seq = 0
    for await (const batch of this.#fetch(`select ${columns} from events where seq is not null order by seq`)) {
      seq = Number(batch.at(-1)?.seq)
      yield batch
    }
    // What the sequencer has not come to yet gets the numbers that it would give.
    seq = Math.max(seq, this.meta.lastEvent - (await this.#unnumbered()))
    for await (const batch of this.#fetch(`select ${columns} from events where seq is null order by arrival`)) {
      yield batch.map((row) => ({ ...row, seq: ++seq }))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end().catch(() => {})
  }

  async #unnumbered(): Promise<number> {
    const counted = await this.#client.query<{ n: number }>('select count(*) as n from events where seq is null')
    return counted.rows[0]?.n ?? 0
  }

  async *#fetch(select: string): AsyncGenerator<Row[]> {
    await orFailure(this.#client.query(`declare copied no scroll cursor for ${select}`))
    let count = 100
    for (;;) {
      const { rows } = await orFailure(this.#client.query<Row>(`fetch ${count} from copied`))
      if (rows.length === 0) break
      yield rows
      // As many as the size of these lets us expect to be one batch.
      const chars = rows.reduce((sum, row) => sum + lengthOf(row), 0)
      count = Math.max(1, Math.min(BATCH_ROWS, 2 * count, Math.floor((BATCH_CHARS * rows.length) / chars)))
    }
    await this.#client.query('close copied')
  }
}
