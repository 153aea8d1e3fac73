import { createHash } from 'node:crypto'
import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { Failure } from '../core/errors.ts'
import { type Connection, type Engine, storable } from './database.ts'
import { migrate } from './migrate.ts'
import { postgresMigrations } from './migrations/list.ts'
import { numberMessages } from './postgres-uids.ts'
import type { Schema } from './schema.ts'

/** The statements that every connection prepares once, by their text. */
const kept = new Map<string, string>()

const postgresEngine: Engine = {
  name: 'postgres',
  holdFreeRows: (query) => query.forUpdate().skipLocked(),
  async holdMailbox(db, id) {
    await sql`select id from mailboxes where id = ${id} for no key update`.execute(db)
  },
  numberMessages,
  inList: (column, field) => sql`${sql.ref(column)}::json -> 0 ->> ${sql.lit(field)}`,
  keep(text) {
    kept.set(text, createHash('sha256').update(text).digest('base64url'))
  },
  async hold(db, name) {
    await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(db)
  },
}

/**
 * Connections that come back by themselves after an outage, and never wait without end unless they are `patient`. On a pipelined one
 * statements are sent ahead.
 */
export function openPool(
  url: string,
  { max = 20, pipeline = false, lockTimeoutMs = 0, patient = false } = {},
): pg.Pool {
  const pool = new pg.Pool({
    ...connectionOptions(url),
    max,
    pipeline,
    lock_timeout: lockTimeoutMs,
    ...(patient ? {} : { statement_timeout: 30_000, query_timeout: 60_000 }),
    idle_in_transaction_session_timeout: 60_000,
  })
  // A connection that breaks says so in an event too, and an event nobody hears ends the process.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

export function connectionOptions(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: 'posthouse',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    types: { getTypeParser: typeParser },
  }
}

// int8 comes as text; our counts and times stay far below 2^53.
function typeParser(oid: number, format?: 'text' | 'binary') {
  if (oid === pg.types.builtins.INT8) return Number
  return format === 'binary' ? pg.types.getTypeParser(oid, 'binary') : pg.types.getTypeParser(oid, 'text')
}

/** The typed query builder over a pool. */
export function databaseOver(pool: pg.Pool): Connection {
  const dialect = new PostgresDialect({
    pool: {
      connect: async () => clientOver(await orFailure(pool.connect())),
      end: () => pool.end(),
      options: pool.options,
    },
  })
  return { kysely: new Kysely<Schema>({ dialect }), engine: postgresEngine }
}

function clientOver(client: pg.PoolClient) {
  return {
    query: (text: string, parameters: readonly unknown[]) => orFailure(client.query(queryOf(text, parameters))),
    release: () => client.release(),
  } as unknown as Awaited<ReturnType<NonNullable<PoolOf>['connect']>>
}

/** A query with values as they are stored, prepared once where it is run often. */
export function queryOf(text: string, parameters: readonly unknown[]): pg.QueryConfig {
  const values = parameters.map(storable)
  const name = kept.get(text)
  return name === undefined ? { text, values } : { name, text, values }
}

type PoolOf = Exclude<ConstructorParameters<typeof PostgresDialect>[0]['pool'], (...args: never) => unknown>

/** Brings the schema up to date, one process at a time, however long that takes: an index over millions of rows has minutes. */
export async function migratePostgres(url: string): Promise<void> {
  const { kysely } = databaseOver(openPool(url, { max: 1, patient: true }))
  try {
    await kysely.transaction().execute(async (transaction) => {
      await postgresEngine.hold(transaction, 'migrations')
      await migrate(transaction, postgresMigrations)
    })
  } finally {
    await kysely.destroy()
  }
}

/** True when the same transaction may go well the next time: it met another one. */
export function isCollision(error: unknown): boolean {
  return codeOf(error) === '40001' || codeOf(error) === '40P01'
}

/** True when the server gave a statement up, since a lock did not come free or it took too long: its transaction is over. */
export function isStopped(error: unknown): boolean {
  const code = codeOf(error instanceof Failure ? error.cause : error)
  return code === '55P03' || code === '57014'
}

// https://www.postgresql.org/docs/current/errcodes-appendix.html: connection, resources, operator, system; 25006: a standby.
const outage = /^(08|53|57|58)...$|^25006$|^55P03$/
const network = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENOENT',
])
// pg has no codes for its own complaints about a connection.
const complaint = /connection|timeout|not queryable/i

/** True when the server is away, full, or stopped the statement: nothing that the caller did. */
function isOutage(error: unknown): boolean {
  const code = codeOf(error)
  if (code !== undefined) return outage.test(code) || network.has(code)
  return error instanceof Error && complaint.test(error.message)
}

/** The answer; an outage as a `Failure`. */
export async function orFailure<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    throw isOutage(error) ? unavailable(error) : error
  }
}

export function unavailable(cause: unknown): Failure {
  return new Failure('unavailable', 'The store does not answer now', { cause })
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
