import type { Duplex } from 'node:stream'
import { type CompiledQuery, Kysely, PostgresDialect, type QueryResult } from 'kysely'
import type pg from 'pg'
import type { Connection, Engine, Shared } from './database.ts'
import { orFailure, queryOf } from './postgres.ts'
import type { Schema } from './schema.ts'

/**
 * A transaction on a pipelined connection, for commands that run beside each other in it. Statements are sent as they come, those of one moment
 * in one packet, and answered in that order; so a read sees every write that was sent before it, awaited or not.
 */
export class PipelinedTransaction {
  readonly connection: Connection
  readonly shared: Shared
  readonly #client: pg.PoolClient
  readonly #writes: Promise<unknown>[] = []
  #gathering = false
  #failure: { error: unknown } | undefined

  constructor(client: pg.PoolClient, engine: Engine) {
    this.#client = client
    this.shared = {
      send: (query) => this.#send(query),
      behind: (writing) => this.#behind(writing),
      unnumbered: [],
    }
    const query = (text: string, values: readonly unknown[]) => this.query(text, values)
    const pool = { connect: async () => ({ query, release: () => {} }), end: async () => {}, options: {} }
    const kysely = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: pool as never }) })
    this.connection = { kysely, engine, shared: this.shared }
    this.#behind(this.query('begin', []))
  }

  /** What failed first: later statements fail only because of it. */
  get failure(): { error: unknown } | undefined {
    return this.#failure
  }

  async query(text: string, values: readonly unknown[]): Promise<pg.QueryResult> {
    try {
      const query = queryOf(text, values)
      this.#gather()
      return await orFailure(this.#client.query(query))
    } catch (error) {
      this.#failure ??= { error }
      throw error
    }
  }

  /** Resolves when everything that was sent is on the disk of the server. */
  async commit(): Promise<void> {
    const committing = this.query('commit', [])
    await this.settled()
    const { command } = await committing
    // A transaction in which a statement failed is ended by `commit` too, without a word.
    if (this.#failure || command !== 'COMMIT')
      throw this.#failure?.error ?? new Error('The transaction was rolled back')
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#writes)
  }

  async #send<R>({ sql, parameters }: CompiledQuery<R>): Promise<QueryResult<R>> {
    const { rows, rowCount } = await this.query(sql, parameters)
    return { rows, numAffectedRows: BigInt(rowCount ?? 0) }
  }

  #behind(writing: Promise<unknown>): void {
    this.#writes.push(writing.catch((error) => (this.#failure ??= { error })))
  }

  // All that is asked for until this turn of the loop ends goes out together.
  #gather(): void {
    const stream = (this.#client as unknown as { connection?: { stream?: Duplex } }).connection?.stream
    if (this.#gathering || !stream) return
    this.#gathering = true
    stream.cork()
    process.nextTick(() => {
      this.#gathering = false
      stream.uncork()
    })
  }
}
