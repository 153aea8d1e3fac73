import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Clock } from '../core/clock.ts'
import type { CommandInput, CommandName, CommandOutput } from '../core/commands.ts'
import type { Reader, Store } from '../core/store.ts'
import { CommandThread } from './command-thread.ts'
import { PROBE } from './group-writer.ts'
import { Listeners } from './listeners.ts'
import { ReadingConnection } from './reading-connection.ts'
import { withSlowLists } from './slow-lists.ts'
import { databaseOf, migrateSqlite, openConnection } from './sqlite.ts'
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
  readonly #connection: ReadingConnection
  readonly #writer: CommandThread
  readonly #lister: CommandThread
  readonly #watch: NodeJS.Timeout
  readonly #workerLock: WorkerLock

  constructor(path: string, clock: Clock) {
    this.#clock = clock
    this.#connection = new ReadingConnection(path)
    this.#writer = new CommandThread(writerScript, path, { onAppend: () => this.#listeners.call() })
    this.#lister = new CommandThread(readerScript, path)
    this.#workerLock = new WorkerLock(`${path}-workers`)
    const database = databaseOf((text) => this.#connection.prepare(text))
    const read = readerOver(database, clock.now, (listener) => this.#listeners.add(listener))
    this.read = withSlowLists(read, this.#lister, clock.now)
    this.#watch = watchVersion(this.#connection, () => this.#listeners.call())
  }

  run<K extends CommandName>(name: K, input: CommandInput<K>): Promise<CommandOutput<K>> {
    return this.#writer.run(name, input, this.#clock.now())
  }

  // A full disk is read from as well as ever.
  async ping(): Promise<void> {
    await this.#writer.run(PROBE, null)
    this.#connection.all('select count(*) from (select seq from events limit 1)')
  }

  joinWorkers(whenAlone: () => Promise<unknown>): Promise<void> {
    return this.#workerLock.join(whenAlone)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#watch)
    await this.#writer[Symbol.asyncDispose]()
    await this.#lister[Symbol.asyncDispose]()
    this.#workerLock[Symbol.dispose]()
    this.#connection[Symbol.dispose]()
  }
}

/** `data_version` changes with every commit of another connection: our writer's, whose readers know already, or another process's. */
function watchVersion(connection: ReadingConnection, changed: () => void): NodeJS.Timeout {
  // A disk that cannot be read now may hide a change: whoever follows the log looks for itself, and is told again at the next look.
  const look = () => {
    try {
      return connection.all('pragma data_version')[0]?.data_version
    } catch {
      return undefined
    }
  }
  // Taken at once: what is committed before the first look is a change too.
  let last = look()
  const timer = setInterval(() => {
    const version = look()
    if (version !== last) changed()
    last = version
  }, FOREIGN_COMMITS_MS)
  return timer.unref()
}
