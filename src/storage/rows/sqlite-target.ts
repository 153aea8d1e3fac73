import { closeSync, existsSync, fsyncSync, linkSync, openSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Failure } from '../../core/errors.ts'
import { storable } from '../database.ts'
import { migrate } from '../migrate.ts'
import { sqliteMigrations } from '../migrations/list.ts'
import { databaseOver, openConnection } from '../sqlite.ts'
import { checkCount, columnsOf, migrationsBehind, type Row, type RowsMeta, type RowTarget } from './portable.ts'

/** A new SQLite file. It is written under another name and put in its place when it is whole and on disk. */
export async function openSqliteTarget(path: string): Promise<RowTarget> {
  if (existsSync(path)) throw new Failure('conflict', `${path} is there already, and nothing is overwritten`)
  return new SqliteTarget(path)
}

class SqliteTarget implements RowTarget {
  readonly #path: string
  readonly #incoming: string
  readonly #connection: DatabaseSync
  #meta: RowsMeta | undefined

  constructor(path: string) {
    this.#path = path
    this.#incoming = `${path}.incoming`
    rmSync(this.#incoming, { force: true })
    this.#connection = new DatabaseSync(this.#incoming)
    // Until it is in its place nobody misses it.
    this.#connection.exec('pragma journal_mode = off; pragma synchronous = off; pragma locking_mode = exclusive')
  }

  async prepare(meta: RowsMeta): Promise<void> {
    await migrate(databaseOver(this.#connection).kysely, migrationsBehind(meta, sqliteMigrations))
    this.#meta = meta
    // What migrations put in comes with the rows.
    for (const table of this.#tables()) this.#connection.exec(`delete from "${table}"`)
  }

  async load(table: string, rows: Row[]): Promise<void> {
    const columns = columnsOf(table, rows)
    if (!this.#tables().includes(table)) throw new Failure('unprocessable', `There is no table "${table}"`)
    const names = columns.map((name) => `"${name}"`).join(', ')
    const slots = columns.map(() => '?').join(', ')
    const insert = this.#connection.prepare(`insert into "${table}" (${names}) values (${slots})`)
    this.#connection.exec('begin')
    for (const row of rows) insert.run(...columns.map((name) => storable(row[name] ?? null)))
    this.#connection.exec('commit')
  }

  async finish(counts: Record<string, number>): Promise<void> {
    for (const table of this.#tables()) {
      const found = this.#connection.prepare(`select count(*) as n from "${table}"`).get()
      checkCount(table, counts[table] ?? 0, Number(found?.n))
    }
    this.#connection.exec("delete from sqlite_sequence where name = 'events'")
    const sequence = this.#connection.prepare("insert into sqlite_sequence (name, seq) values ('events', ?)")
    sequence.run(this.#meta?.lastEvent ?? 0)
    await migrate(databaseOver(this.#connection).kysely, sqliteMigrations)
    this.#connection.exec('pragma optimize')
    this.#connection.close()
    // As every file of ours is from its first opening on, be it for reading only.
    openConnection(this.#incoming).close()
    sync(this.#incoming)
    // Unlike a rename, a link never replaces what came there meanwhile.
    linkSync(this.#incoming, this.#path)
    rmSync(this.#incoming)
    sync(dirname(this.#path))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#connection.isOpen) this.#connection.close()
    rmSync(this.#incoming, { force: true })
  }

  #tables(): string[] {
    const all = this.#connection.prepare("select name from sqlite_schema where type = 'table'").all()
    return all.map((row) => String(row.name)).filter((name) => name !== 'migrations' && name !== 'sqlite_sequence')
  }
}

function sync(path: string): void {
  const handle = openSync(path, 'r')
  fsyncSync(handle)
  closeSync(handle)
}
