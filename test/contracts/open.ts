import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Search } from '../../src/core/messages/search-store.ts'
import type { Store, Tx } from '../../src/core/store.ts'
import { openPool, databaseOver as postgresOver } from '../../src/storage/postgres.ts'
import { openPostgresStore } from '../../src/storage/postgres-store.ts'
import { openPostgresSearch } from '../../src/storage/search/postgres-search.ts'
import { openSqliteSearch } from '../../src/storage/search/sqlite-search.ts'
import { openConnection, databaseOver as sqliteOver } from '../../src/storage/sqlite.ts'
import { openSqliteStore } from '../../src/storage/sqlite-store.ts'
import { transactionOver } from '../../src/storage/transaction.ts'
import { type ManualClock, manualClock } from '../support/clock.ts'
import { freshDatabase } from '../support/postgres.ts'

/** A fresh store, and a way into it that does not go by core's commands. */
export interface Opened extends AsyncDisposable {
  store: Store
  clock: ManualClock
  /** Another node over the same rows. */
  openAnother(): Promise<Store>
  /** The search over these rows. */
  openSearch(): Promise<Search>
  /** Runs `work` in a transaction on a connection of its own, as another process would. */
  write<T>(work: (tx: Tx) => Promise<T>): Promise<T>
}

export async function openSqlite(): Promise<Opened> {
  const folder = await mkdtemp(join(tmpdir(), 'posthouse-test-'))
  const path = join(folder, 'posthouse.db')
  const clock = manualClock()
  const store = await openSqliteStore({ path, clock })
  const write = async <T>(work: (tx: Tx) => Promise<T>): Promise<T> => {
    const connection = openConnection(path)
    try {
      connection.exec('begin immediate')
      const result = await work(transactionOver(sqliteOver(connection), clock.now(), () => {}))
      connection.exec('commit')
      return result
    } finally {
      connection.close()
    }
  }
  const openAnother = () => openSqliteStore({ path, clock })
  const index = join(folder, 'search.db')
  const openSearch = () => openSqliteSearch({ path: index, rowsPath: path, events: store.read.events })
  const close = async () => {
    await store[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  }
  return { store, clock, openAnother, openSearch, write, [Symbol.asyncDispose]: close }
}

export async function openPostgres(): Promise<Opened> {
  const database = await freshDatabase()
  const { url } = database
  const clock = manualClock()
  const store = await openPostgresStore({ url, clock })
  const pool = openPool(url)
  const { kysely, engine } = postgresOver(pool)
  const write = <T>(work: (tx: Tx) => Promise<T>): Promise<T> =>
    kysely
      .transaction()
      .execute((transaction) => work(transactionOver({ kysely: transaction, engine }, clock.now(), () => {})))
  const openAnother = () => openPostgresStore({ url, clock })
  const openSearch = () => openPostgresSearch({ url, read: store.read })
  const close = async () => {
    await pool.end()
    await store[Symbol.asyncDispose]()
    await database[Symbol.asyncDispose]()
  }
  return { store, clock, openAnother, openSearch, write, [Symbol.asyncDispose]: close }
}
