import type { Duplex } from 'node:stream'
import { Kysely, PostgresDialect } from 'kysely'
import type pg from 'pg'
import type { Connection, Engine, Shared } from './database.ts'
import { orFailure, queryOf } from './postgres.ts'
import type { Schema } from './schema.ts'

/**
 * A transaction on a pipelined connection. Statements are sent as they come, those of one moment in one packet, and answered in that
 * order; so a read sees every write that was sent before it, awaited or not.
 */
export class PipelinedTransaction {
  readonly #client: pg.PoolClient
  readonly #sent = new Set<Promise<unknown>>()
  #gathering = false
  #failure: { error: unknown } | undefined

  constructor(client: pg.PoolClient) {
    this.#client = client
    this.query('begin', []).catch(() => {})
  }

  /** What failed first: later statements fail only because of it. */
  get failure(): { error: unknown } | undefined {
    return this.#failure
  }

  /** Sends a statement before it returns, so that none that comes later overtakes it. */
  query(text: string, values: readonly unknown[]): Promise<pg.QueryResult> {
    const answer = this.#query(text, values)
    this.#sent.add(answer)
    const over = () => this.#sent.delete(answer)
    answer.then(over, over)
    return answer
  }

  /** Resolves when everything that was sent is on the disk of the server. */
  async commit(): Promise<void> {
    // What could not even be sent is not known to the server, which would commit the rest.
    this.#throwFailure()
    const committing = this.query('commit', [])
    await this.settled()
    // A transaction in which a statement failed is ended by `commit` too, without a word.
    this.#throwFailure()
    if ((await committing).command !== 'COMMIT') throw new Error('The transaction was rolled back')
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    while (this.#sent.size > 0) await Promise.allSettled(this.#sent)
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.error
  }

  async #query(text: string, values: readonly unknown[]): Promise<pg.QueryResult> {
    try {
      const query = queryOf(text, values)
      this.#gather()
      return await orFailure(this.#client.query(query))
    } catch (error) {
      this.#failure ??= { error }
      throw error
    }
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

/** The query builder over such a transaction, for commands that share it: their writes are awaited by its commit only. */
export function sharedConnection(transaction: PipelinedTransaction, engine: Engine): Connection & { shared: Shared } {
  const query = (text: string, values: readonly unknown[]) => transaction.query(text, values)
  const pool = { connect: async () => ({ query, release: () => {} }), end: async () => {}, options: {} }
  const kysely = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: pool as never }) })
  const shared: Shared = {
    async send({ sql, parameters }) {
      const { rows, rowCount } = await query(sql, parameters)
      return { rows, numAffectedRows: BigInt(rowCount ?? 0) }
    },
    // What fails is known to the transaction.
    behind: (writing) => void writing.catch(() => {}),
    unnumbered: [],
  }
  return { kysely, engine, shared }
}
