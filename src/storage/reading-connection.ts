import type { DatabaseSync } from 'node:sqlite'
import { Failure } from '../core/errors.ts'
import { isOutage, openConnection, outageAsFailure, type Prepared, statementCache } from './sqlite.ts'

/**
 * A connection that only reads. After a failure of the disk it is opened anew for the next statement: what SQLite believes of its
 * locks and pages may be wrong by then, and would keep it from reading when the disk has long been well again.
 */
export class ReadingConnection implements Disposable {
  readonly #path: string
  readonly #readsOnce: boolean
  #open: { connection: DatabaseSync; prepare: (text: string) => Prepared } | undefined
  #closed = false

  constructor(path: string, { readsOnce = false }: { readsOnce?: boolean } = {}) {
    this.#path = path
    this.#readsOnce = readsOnce
    this.#connect()
  }

  /** The statement of this text, prepared once for each connection. Run it at once: the next failure closes it. */
  prepare(text: string): Prepared {
    try {
      return this.#connect().prepare(text)
    } catch (error) {
      this.#failed(error)
      throw outageAsFailure(error)
    }
  }

  /** All rows that `text` finds. */
  all(text: string, ...values: unknown[]): Record<string, unknown>[] {
    return this.prepare(text).all(values) as Record<string, unknown>[]
  }

  /** Lets go of the file until the next statement. */
  release(): void {
    const open = this.#open
    this.#open = undefined
    if (open?.connection.isOpen) open.connection.close()
  }

  [Symbol.dispose](): void {
    this.#closed = true
    this.release()
  }

  #connect(): { prepare: (text: string) => Prepared } {
    if (this.#closed) throw new Failure('unavailable', 'The store is closed')
    if (!this.#open) {
      const connection = openConnection(this.#path, { readOnly: true, readsOnce: this.#readsOnce })
      this.#open = { connection, prepare: statementCache(connection, (error) => this.#failed(error)) }
    }
    return this.#open
  }

  #failed(error: unknown): void {
    if (isOutage(error)) this.release()
  }
}
