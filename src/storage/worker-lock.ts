import { rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { isDamage } from './sqlite.ts'

/** Somebody else may be alone for a moment, and then lets us in. */
const WAIT_MS = 10_000

/**
 * Who works on the queues of a data folder, told by locks on an empty database file beside the real one: they end with their
 * process, however it ends. Every worker shares the lock; one that could have it alone knows that it is the only one.
 */
export class WorkerLock implements Disposable {
  readonly #path: string
  #held: DatabaseSync | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** Joins the workers. When there is no other, `whenAlone` runs first, and nobody can join meanwhile. */
  async join(whenAlone: () => Promise<unknown>): Promise<void> {
    if (this.#held) return
    const connection = openLock(this.#path)
    try {
      if (lockAlone(connection)) {
        await whenAlone()
        connection.exec('rollback')
      }
      connection.exec(`pragma busy_timeout = ${WAIT_MS}`)
      connection.exec('begin')
      connection.prepare('select count(*) from sqlite_schema').get()
      this.#held = connection
    } catch (error) {
      connection.close()
      throw error
    }
  }

  [Symbol.dispose](): void {
    this.#held?.close()
    this.#held = undefined
  }
}

// Nothing is ever written to the file. What else it may have become is no database, and can be thrown away.
function openLock(path: string): DatabaseSync {
  const connection = new DatabaseSync(path)
  try {
    connection.prepare('select count(*) from sqlite_schema').get()
    return connection
  } catch (error) {
    if (!isDamage(error)) return connection
    connection.close()
    rmSync(path)
    return new DatabaseSync(path)
  }
}

function lockAlone(connection: DatabaseSync): boolean {
  try {
    connection.exec('pragma busy_timeout = 0')
    connection.exec('begin exclusive')
    return true
  } catch {
    return false
  }
}
