import { DatabaseSync } from 'node:sqlite'

/** Any number of texts, each once, in their order; kept in a file that nobody sees and that is gone with its process. */
export class KeySet implements Disposable {
  // An empty name is SQLite's own temporary file.
  readonly #connection = new DatabaseSync('')
  readonly #insert

  constructor() {
    this.#connection.exec('create table keys (key text primary key) without rowid')
    this.#insert = this.#connection.prepare('insert or ignore into keys (key) values (?)')
  }

  add(keys: string[]): void {
    this.#connection.exec('begin')
    for (const key of keys) this.#insert.run(key)
    this.#connection.exec('commit')
  }

  get size(): number {
    return Number(this.#connection.prepare('select count(*) as n from keys').get()?.n)
  }

  *values(): Generator<string> {
    for (const { key } of this.#connection.prepare('select key from keys order by key').iterate()) yield String(key)
  }

  [Symbol.dispose](): void {
    this.#connection.close()
  }
}
