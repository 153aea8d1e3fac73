import type { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { Failure } from '../../core/errors.ts'
import type { EventReader } from '../../core/events/store.ts'
import type { MessageId } from '../../core/ids.ts'
import type { Search, SearchQuery } from '../../core/messages/search-store.ts'
import { type CommandResult, fromErrorData } from '../command-messages.ts'
import { openConnection, outageAsFailure } from '../sqlite.ts'
import { createSqliteIndex, findInSqlite } from './sqlite-index.ts'

const script = new URL('./sqlite-follower.ts', import.meta.url)
const RESTART_MS = 1000

/** Opens the index in a SQLite file of its own, over the rows of the store at `rowsPath`, which must be open already. */
export async function openSqliteSearch(options: {
  path: string
  rowsPath: string
  events: Pick<EventReader, 'onAppend'>
}): Promise<Search> {
  const first = openConnection(options.path)
  try {
    createSqliteIndex(first)
  } finally {
    first.close()
  }
  return new SqliteSearch(options.path, options.rowsPath, options.events)
}

class SqliteSearch implements Search {
  readonly #paths: { indexPath: string; rowsPath: string }
  readonly #connection: DatabaseSync
  readonly #find: (query: SearchQuery) => MessageId[]
  readonly #leave: () => void
  readonly #asked = new Map<number, { resolve(): void; reject(error: unknown): void }>()
  #worker: Worker | undefined
  #restart: NodeJS.Timeout | undefined
  #lastId = 0
  #closed = false

  constructor(path: string, rowsPath: string, events: Pick<EventReader, 'onAppend'>) {
    this.#paths = { indexPath: path, rowsPath }
    this.#connection = openConnection(path, { readOnly: true })
    this.#find = findInSqlite(this.#connection)
    this.#start()
    this.#leave = events.onAppend(() => this.#worker?.postMessage('poke'))
  }

  async find(query: SearchQuery): Promise<MessageId[]> {
    try {
      return this.#find(query)
    } catch (error) {
      throw outageAsFailure(error)
    }
  }

  async caughtUp(): Promise<void> {
    const worker = this.#worker
    if (!worker) throw new Failure('unavailable', 'The search does not answer now')
    await new Promise<void>((resolve, reject) => {
      this.#asked.set(++this.#lastId, { resolve, reject })
      worker.postMessage({ catchUp: this.#lastId })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#leave()
    clearTimeout(this.#restart)
    const worker = this.#worker
    if (worker) {
      const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
      worker.postMessage('close')
      await exited
    }
    this.#connection.close()
  }

  #start(): void {
    const worker = new Worker(script, { workerData: this.#paths })
    this.#worker = worker
    worker.on('message', ({ id, ...result }: CommandResult & { error?: Parameters<typeof fromErrorData>[0] }) => {
      const asked = this.#asked.get(id)
      this.#asked.delete(id)
      if (result.error) asked?.reject(fromErrorData(result.error))
      else asked?.resolve()
    })
    worker.on('error', () => this.#lost(worker))
    worker.on('exit', () => this.#lost(worker))
  }

  #lost(worker: Worker): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    for (const asked of this.#asked.values()) {
      asked.reject(new Failure('unavailable', 'The search does not answer now'))
    }
    this.#asked.clear()
    if (!this.#closed) this.#restart = setTimeout(() => this.#start(), RESTART_MS).unref()
  }
}
