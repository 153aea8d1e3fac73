import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import pg from 'pg'
import type { Connection } from './database.ts'
import { connectionOptions, orFailure } from './postgres.ts'
import { PipelinedTransaction } from './postgres-pipeline.ts'

const CHANNEL = 'posthouse_events'
const BATCH = 1000

/** What is told by notifications is checked once more this often: they are lost while a connection is away. */
const POLL_MS = 1000

/**
 * Numbers the committed entries of the event log. Transactions commit in another order than they insert in; a reader that goes by
 * insertion order would step over an entry that commits late. So rows are inserted without a number, readers see numbered rows
 * only, and numbers are given after the commit by one sequencer at a time, on whichever node.
 */
export class EventLog implements AsyncDisposable {
  readonly #db: Connection
  readonly #url: string
  readonly #appended: () => void
  /** What we notify of, we know. */
  readonly #node = randomUUID()
  readonly #pipelined: pg.Pool
  readonly #poll: NodeJS.Timeout
  #listener: pg.Client | undefined
  #numbering: Promise<void> | undefined
  #again = false
  #closed = false
  #known = 0

  constructor(db: Connection, pipelined: pg.Pool, url: string, appended: () => void) {
    this.#db = db
    this.#pipelined = pipelined
    this.#url = url
    this.#appended = appended
    this.#poll = setInterval(() => void this.#look(), POLL_MS).unref()
  }

  /** Connects the listener; a failure is no failure: the poll tries again. */
  async listen(): Promise<void> {
    if (this.#listener || this.#closed) return
    const client = new pg.Client(connectionOptions(this.#url))
    this.#listener = client
    const gone = () => {
      if (this.#listener === client) this.#listener = undefined
    }
    client.on('error', gone)
    client.on('end', gone)
    client.on('notification', ({ payload }) => payload !== this.#node && this.#appended())
    try {
      await client.connect()
      await client.query(`listen ${CHANNEL}`)
    } catch {
      gone()
      await client.end().catch(() => {})
    }
  }

  /** Has the entries of a commit numbered; the calls of one moment share one run. */
  poke(): void {
    this.#again = true
    this.#numbering ??= this.#number().finally(() => {
      this.#numbering = undefined
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    clearInterval(this.#poll)
    await this.#numbering
    await this.#listener?.end().catch(() => {})
  }

  async #number(): Promise<void> {
    while (this.#again) {
      this.#again = false
      // What fails here is done by the poll, or by another node.
      const numbered = await numberCommitted(this.#pipelined).catch(() => 0)
      if (numbered === 0) continue
      this.#again ||= numbered === BATCH
      this.#appended()
      await sql`select pg_notify(${CHANNEL}, ${this.#node})`.execute(this.#db.kysely).catch(() => {})
    }
  }

  async #look(): Promise<void> {
    void this.listen()
    try {
      const { rows } = await sql<{ last: number; waiting: boolean }>`
        select last, exists (select from events where seq is null) as waiting from event_position`.execute(
        this.#db.kysely,
      )
      const { last = 0, waiting = false } = rows[0] ?? {}
      if (waiting) this.poke()
      if (last !== this.#known) this.#appended()
      this.#known = last
    } catch {
      // The store is away; whoever uses it will say so.
    }
  }
}

/** Numbers the next entries that are committed and have no number yet; answers how many, at most a thousand. */
export async function numberCommitted(pipelined: pg.Pool): Promise<number> {
  const client = await orFailure(pipelined.connect())
  const transaction = new PipelinedTransaction(client)
  try {
    // All in one packet, since other nodes wait for the position meanwhile.
    const held = transaction.query('select last from event_position for update', [])
    // What this one sees was committed when the lock was given, so nobody's numbers are overlooked.
    const numbering = transaction.query(number, [BATCH])
    const [, { rows }] = await Promise.all([held, numbering, transaction.commit()])
    client.release()
    return rows[0]?.numbered ?? 0
  } catch (error) {
    await transaction.settled()
    client.release(true)
    throw error
  }
}

const number = `
  with waiting as (select arrival from events where seq is null order by arrival limit $1),
  ordered as (select arrival, row_number() over (order by arrival) as place from waiting),
  moved as (update event_position set last = last + (select count(*) from waiting) returning last),
  numbered as (
    update events set seq = moved.last - (select count(*) from waiting) + ordered.place
    from ordered, moved where events.arrival = ordered.arrival returning 1)
  select count(*) as numbered from numbered`
