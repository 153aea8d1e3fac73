import { rmSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { Failure } from '../../core/errors.ts'
import type { EventReader } from '../../core/events/store.ts'
import type { MessageId } from '../../core/ids.ts'
import { type Log, silentLog } from '../../core/log.ts'
import type { Search, SearchQuery } from '../../core/messages/search-store.ts'
import { type ErrorData, fromErrorData } from '../command-messages.ts'
import { isDamage, isOutage, openConnection, outageAsFailure } from '../sqlite.ts'
import { createSqliteIndex, findInSqlite } from './sqlite-index.ts'

const script = new URL('./sqlite-follower.ts', import.meta.url)
const RESTART_MS = 1000

/**
 * Opens the index in a SQLite file of its own, over the rows of the store at `rowsPath`, which must be open already. An index that is
 * damaged is thrown away, now or when it is noticed, and made anew from the log: mail is never in it alone.
 */
export async function openSqliteSearch(options: {
  path: string
  rowsPath: string
  events: Pick<EventReader, 'onAppend'>
  log?: Log
}): Promise<Search> {
  const { path, rowsPath, events, log = silentLog } = options
  try {
    make(path)
  } catch (error) {
    // No outage gets better by losing the index, and an index that cannot be written to now is still of use.
    if (isOutage(error) && !isDamage(error)) log.error({ err: error, path }, 'the search index cannot be written to')
    else {
      log.error({ err: error, path }, 'the search index is damaged and is made anew')
      remake(path)
    }
  }
  return new SqliteSearch(path, rowsPath, events, log)
}

function make(path: string): void {
  const first = openConnection(path)
  try {
    createSqliteIndex(first)
  } finally {
    first.close()
  }
}

function remake(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true })
  make(path)
}

/** What the thread says: that it has caught up, or could not; that it found the index damaged. */
export type FollowerMessage = { id: number; error: ErrorData | undefined } | { damaged: ErrorData }

class SqliteSearch implements Search {
  readonly #paths: { indexPath: string; rowsPath: string }
  readonly #log: Log
  #reader: Reader
  readonly #leave: () => void
  readonly #asked = new Map<number, { resolve(): void; reject(error: unknown): void }>()
  #worker: Worker | undefined
  #restart: NodeJS.Timeout | undefined
  #lastId = 0
  #remaking: Promise<void> | undefined
  #closed = false

  constructor(path: string, rowsPath: string, events: Pick<EventReader, 'onAppend'>, log: Log) {
    this.#paths = { indexPath: path, rowsPath }
    this.#log = log
    this.#reader = openReader(path)
    this.#start()
    this.#leave = events.onAppend(() => this.#worker?.postMessage('poke'))
  }

  async find(query: SearchQuery): Promise<MessageId[]> {
    try {
      return this.#reader.find(query)
    } catch (error) {
      if (isDamage(error)) this.#remake(error)
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
    await this.#remaking
    const worker = this.#worker
    if (worker) {
      const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
      worker.postMessage('close')
      await exited
    }
    if (this.#reader.connection.isOpen) this.#reader.connection.close()
  }

  #remake(cause: unknown): void {
    if (this.#closed) return
    this.#remaking ??= this.#makeAnew(cause).finally(() => {
      this.#remaking = undefined
    })
  }

  async #makeAnew(cause: unknown): Promise<void> {
    const path = this.#paths.indexPath
    this.#log.error({ err: cause, path }, 'the search index is damaged and is made anew')
    const worker = this.#worker
    if (worker) this.#lost(worker)
    clearTimeout(this.#restart)
    await worker?.terminate()
    this.#reader.connection.close()
    try {
      remake(path)
      this.#reader = openReader(path)
    } catch (error) {
      this.#log.error({ err: error, path }, 'the search index could not be made anew')
    }
    if (!this.#closed) this.#start()
  }

  #start(): void {
    const worker = new Worker(script, { workerData: this.#paths })
    this.#worker = worker
    worker.on('message', (message: FollowerMessage) => {
      if ('damaged' in message) return this.#remake(fromErrorData(message.damaged))
      const asked = this.#asked.get(message.id)
      this.#asked.delete(message.id)
      if (message.error) asked?.reject(fromErrorData(message.error))
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

interface Reader {
  connection: DatabaseSync
  find: (query: SearchQuery) => MessageId[]
}

function openReader(path: string): Reader {
  const connection = openConnection(path, { readOnly: true })
  return { connection, find: findInSqlite(connection) }
}
