import type pg from 'pg'
import type { MessageId } from '../../core/ids.ts'
import type { Search, SearchEntry, SearchIndex, SearchQuery, SearchStep } from '../../core/messages/search-store.ts'
import type { Reader } from '../../core/store.ts'
import { openPool, orFailure } from '../postgres.ts'
import { numberCommitted } from '../postgres-events.ts'
import { LogFollower } from './log-follower.ts'
import { queryWords, wordsOf } from './words.ts'

/** Opens the index in the tables beside the rows; every node follows, and only one of them takes each step. */
export async function openPostgresSearch(options: { url: string; read: Reader }): Promise<Search> {
  return new PostgresSearch(openPool(options.url, { max: 3, pipeline: true }), options.read)
}

class PostgresSearch implements Search {
  readonly #pool: pg.Pool
  readonly #follower: LogFollower
  readonly #leave: () => void
  #closed = false

  constructor(pool: pg.Pool, read: Reader) {
    this.#pool = pool
    this.#follower = new LogFollower(read, postgresIndex(pool), (step) => unlessAnother(pool, step))
    this.#leave = read.events.onAppend(() => this.#follower.poke())
  }

  async find(query: SearchQuery): Promise<MessageId[]> {
    const words = queryWords(query.text)
    if (words.length === 0) return []
    const bounds = [query.after ?? -1, query.before ?? Number.MAX_SAFE_INTEGER]
    const values = [queryOf(query, words), ...bounds, query.limit, query.offset ?? 0]
    const { rows } = await orFailure(this.#pool.query<{ message_id: string }>(find, values))
    return rows.map((row) => row.message_id as MessageId)
  }

  async caughtUp(): Promise<void> {
    // What has no number yet is not in the log: it may be a moment before the sequencer comes by.
    while (await numberCommitted(this.#pool));
    await orFailure(this.#follower.catchUp())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#leave()
    await this.#follower[Symbol.asyncDispose]()
    await this.#pool.end()
  }
}

// The weights of D, C, B and A: body, none, people, subject.
const find = `
  select message_id from search_entries
  where words @@ $1::tsquery and at > $2 and at < $3
  order by ts_rank('{0.1, 0.1, 0.4, 0.8}', words, $1::tsquery) desc, at desc limit $4 offset $5`

// A lexeme with a colon can be no word of a text: those are the mailbox and the organization.
function queryOf(query: SearchQuery, words: string[]): string {
  const scope = query.mailboxId ? `mailbox:${query.mailboxId}` : `organization:${query.orgId}`
  return [quoted(scope), ...words.map((word) => `${quoted(word)}:*`)].join(' & ')
}

/**
 * Takes the step unless another node is at one: two that follow read and cut everything twice, and one of them for nothing. The lock
 * ends with its transaction, and the server ends that of a node that is gone.
 */
function unlessAnother(pool: pg.Pool, step: () => Promise<number>): Promise<number> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query("select pg_try_advisory_xact_lock(hashtextextended('search', 0)) as free")
    return rows[0]?.free === true ? step() : 0
  })
}

async function inTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  } finally {
    client.release()
  }
}

function postgresIndex(pool: pg.Pool): SearchIndex {
  return {
    async position() {
      const { rows } = await pool.query<{ seq: number }>('select seq from search_position')
      return rows[0]?.seq ?? 0
    },
    take: (step) => inTransaction(pool, (client) => takeStep(client, step)),
  }
}

async function takeStep(client: pg.PoolClient, step: SearchStep): Promise<void> {
  const moved = await client.query('update search_position set seq = $1 where seq = $2', [step.to, step.from])
  if (moved.rowCount !== 1) return
  if (step.add.length > 0) await addEntries(client, step.add)
  if (step.remove.length > 0) {
    await client.query('delete from search_entries where message_id = any($1::text[])', [step.remove])
  }
  if (step.removeMailboxes.length > 0) {
    await client.query('delete from search_entries where mailbox_id = any($1::text[])', [step.removeMailboxes])
  }
}

async function addEntries(client: pg.PoolClient, entries: SearchEntry[]): Promise<void> {
  const columns = [
    entries.map((e) => e.id),
    entries.map((e) => e.orgId),
    entries.map((e) => e.mailboxId),
    entries.map((e) => e.at),
    entries.map(vectorOf),
  ]
  await client.query(
    `insert into search_entries (message_id, org_id, mailbox_id, at, words)
      select id, org, mailbox, at, words::tsvector
      from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[]) as new (id, org, mailbox, at, words)
      on conflict (message_id) do update set at = excluded.at, words = excluded.words`,
    columns,
  )
}

// A tsvector holds 1 MiB of words and places, places up to 16383.
const MAX_VECTOR_BYTES = 800_000
const MAX_PLACE = 16_383
const PLACES_PER_WORD = 4

function vectorOf(entry: SearchEntry): string {
  const places = new Map<string, { text: string; number: number }>()
  let bytes = 0
  let at = 0
  for (const [weight, text] of [
    ['A', entry.subject],
    ['B', entry.people],
    ['D', entry.body],
  ] as const) {
    for (const word of wordsOf(text)) {
      const known = places.get(word)
      if (!known) bytes += Buffer.byteLength(word) + 20
      if (bytes > MAX_VECTOR_BYTES) break
      at = Math.min(at + 1, MAX_PLACE)
      if (!known) places.set(word, { text: `${at}${weight}`, number: 1 })
      else if (known.number++ < PLACES_PER_WORD) known.text += `,${at}${weight}`
    }
  }
  let vector = `${quoted(`mailbox:${entry.mailboxId}`)} ${quoted(`organization:${entry.orgId}`)}`
  // Words are letters, digits and marks: there is nothing in them to escape.
  for (const [word, { text }] of places) vector += ` '${word}':${text}`
  return vector
}

function quoted(lexeme: string): string {
  return `'${lexeme.replace(/['\\]/g, '')}'`
}
