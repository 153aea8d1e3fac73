import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import type { Clock } from '../core/clock.ts'
import { type CommandInput, type CommandName, type CommandOutput, commands } from '../core/commands.ts'
import { Failure } from '../core/errors.ts'
import type { Reader, Store, Tx } from '../core/store.ts'
import type { Connection } from './database.ts'
import { Listeners } from './listeners.ts'
import { databaseOver, isCollision, migratePostgres, openPool, orFailure, unavailable } from './postgres.ts'
import { EventLog } from './postgres-events.ts'
import { CommandGroups, mailboxesOf } from './postgres-groups.ts'
import { readerOver, transactionOver } from './transaction.ts'

const MAX_TRIES = 8
/** Connections for groups of commands, and one for numbering what they add to the log. */
const PIPELINED = 5
/** A group does not wait longer for one of its mailboxes; longer than PostgreSQL takes to find a deadlock. */
const LOCK_TIMEOUT_MS = 2_000

/** Opens the rows in a PostgreSQL database, which it brings up to date; any number of nodes may share it. */
export async function openPostgresStore(options: { url: string; clock: Clock }): Promise<Store> {
  await migratePostgres(options.url)
  const pool = openPool(options.url)
  const store = new PostgresStore(pool, databaseOver(pool), options)
  await store.listen()
  return store
}

class PostgresStore implements Store {
  readonly read: Reader
  readonly #pool: pg.Pool
  readonly #pipelined: pg.Pool
  readonly #db: Connection
  readonly #clock: Clock
  readonly #listeners = new Listeners()
  readonly #log: EventLog
  readonly #groups: CommandGroups
  #closed = false

  constructor(pool: pg.Pool, db: Connection, options: { url: string; clock: Clock }) {
    this.#pool = pool
    this.#db = db
    this.#clock = options.clock
    this.#pipelined = openPool(options.url, { max: PIPELINED, pipeline: true, lockTimeoutMs: LOCK_TIMEOUT_MS })
    this.#log = new EventLog(db, this.#pipelined, options.url, () => this.#listeners.call())
    const alone = (command: { name: CommandName; input: unknown; now: number }) =>
      this.#runAlone(command.name, command.input as never, command.now)
    this.#groups = new CommandGroups(this.#pipelined, db.engine, { alone, appended: () => this.#log.poke() })
    this.read = readerOver(db, options.clock.now, (listener) => this.#listeners.add(listener))
  }

  listen(): Promise<void> {
    return this.#log.listen()
  }

  async run<K extends CommandName>(name: K, input: CommandInput<K>): Promise<CommandOutput<K>> {
    if (this.#closed) throw new Failure('unavailable', 'The store is closed')
    const now = this.#clock.now()
    const mailboxes = mailboxesOf(name, input)
    if (mailboxes) return this.#groups.run({ name, input, now, mailboxes }) as Promise<CommandOutput<K>>
    return this.#runAlone(name, input, now)
  }

  async #runAlone<K extends CommandName>(name: K, input: CommandInput<K>, now: number): Promise<CommandOutput<K>> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#runOnce(name, input, now)
      } catch (error) {
        if (!isCollision(error)) throw error
        if (tries === MAX_TRIES) throw unavailable(error)
        await delay(Math.random() * 10 * 2 ** tries)
      }
    }
  }

  async ping(): Promise<void> {
    await orFailure(this.#pool.query('select 1'))
  }

  // A lock ends with its connection, and a connection may end while its node still has mail under way: here only leases count.
  async joinWorkers(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#groups[Symbol.asyncDispose]()
    await this.#log[Symbol.asyncDispose]()
    await this.#pipelined.end()
    await this.#pool.end()
  }

  async #runOnce<K extends CommandName>(name: K, input: CommandInput<K>, now: number): Promise<CommandOutput<K>> {
    const command = commands[name] as (tx: Tx, input: CommandInput<K>) => Promise<CommandOutput<K>>
    let appended = false
    const output = await this.#db.kysely.transaction().execute((transaction) => {
      const db = { kysely: transaction, engine: this.#db.engine }
      return command(
        transactionOver(db, now, () => {
          appended = true
        }),
        input,
      )
    })
    if (appended) this.#log.poke()
    return output
  }
}
