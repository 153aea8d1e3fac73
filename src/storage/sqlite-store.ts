import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../core/clock.ts'
import type { CommandInput, CommandName, CommandOutput } from '../core/commands.ts'
import type { Reader, Store } from '../core/store.ts'
import { CommandThread } from './command-thread.ts'
import { PROBE } from './group-writer.ts'
import { Listeners } from './listeners.ts'
import { withSlowLists } from './slow-lists.ts'
import { databaseOver, migrateSqlite, openConnection } from './sqlite.ts'
import { readerOver } from './transaction.ts'
import { WorkerLock } from './worker-lock.ts'

const writerScript = new URL('./sqlite-writer.ts', import.meta.url)
const readerScript = new URL('./sqlite-reader.ts', import.meta.url)

/** How often we look whether another process has written. */
const FOREIGN_COMMITS_MS = 1000

/** Opens the rows in one SQLite file: made and brought up to date when needed, read here, written by a thread of their own. */
export async function openSqliteStore(options: { path: string; clock: Clock }): Promise<Store> {
  mkdirSync(dirname(options.path), { recursive: true })
  const first = openConnection(options.path)
  try {
    await migrateSqlite(first)
  } finally {
    first.close()
  }
  return new SqliteStore(options.path, options.clock)
}

class SqliteStore implements Store {
  readonly read: Reader
  readonly #clock: Clock
  readonly #listeners = new Listeners()
  readonly #connection: DatabaseSync
  readonly #writer: CommandThread
  readonly #lister: CommandThread
  readonly #watch: NodeJS.Timeout
  readonly #workerLock: WorkerLock

  constructor(path: string, clock: Clock) {
    this.#clock = clock
    this.#connection = openConnection(path, { readOnly: true })
    this.#writer = new CommandThread(writerScript, path, { onAppend: () => this.#listeners.call() })
    this.#lister = new CommandThread(readerScript, path)
    this.#workerLock = new WorkerLock(`${path}-workers`)
    const read = readerOver(databaseOver(this.#connection), clock.now, (listener) => this.#listeners.add(listener))
    this.read = withSlowLists(read, this.#lister, clock.now)
    this.#watch = watchVersion(this.#connection, () => this.#listeners.call())
  }

  run<K extends CommandName>(name: K, input: CommandInput<K>): Promise<CommandOutput<K>> {
    return this.#writer.run(name, input, this.#clock.now())
  }

  // A full disk is read from as well as ever.
  async ping(): Promise<void> {
    await this.#writer.run(PROBE, null)
    this.#connection.prepare('select 1').get()
  }

  joinWorkers(whenAlone: () => Promise<unknown>): Promise<void> {
    return this.#workerLock.join(whenAlone)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#watch)
    await this.#writer[Symbol.asyncDispose]()
    await this.#lister[Symbol.asyncDispose]()
    this.#workerLock[Symbol.dispose]()
    if (this.#connection.isOpen) this.#connection.close()
  }
}

/** `data_version` changes with every commit of another connection: our writer's, whose readers know already, or another process's. */
function watchVersion(connection: DatabaseSync, changed: () => void): NodeJS.Timeout {
  const pragma = connection.prepare('pragma data_version')
  // Taken at once: what is committed before the first look is a change too.
  let last = pragma.get()?.data_version
  const timer = setInterval(() => {
    const version = look()
    if (version !== last) changed()
    last = version
  }, FOREIGN_COMMITS_MS)
  // A disk that cannot be read now may hide a change: whoever follows the log looks for itself, and is told again at the next look.
  const look = () => {
    try {
      return pragma.get()?.data_version
    } catch {
      return undefined
    }
  }
  return timer.unref()
}
