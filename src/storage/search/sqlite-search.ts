import { rmSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { THREAD_REST_MS } from '../../core/at-rest.ts'
import { Failure } from '../../core/errors.ts'
import type { EventReader } from '../../core/events/store.ts'
import type { MessageId } from '../../core/ids.ts'
import { type Log, silentLog } from '../../core/log.ts'
import type { Search, SearchQuery } from '../../core/messages/search-store.ts'
import { trimHeap } from '../../core/trim-heap.ts'
import { type ErrorData, fromErrorData } from '../command-messages.ts'
import { LeavingThreads } from '../leaving-threads.ts'
import { ReadingConnection } from '../reading-connection.ts'
import { isDamage, isOutage, openConnection, outageAsFailure } from '../sqlite.ts'
import { createSqliteIndex, findInSqlite, positionInSqlite } from './sqlite-index.ts'

const script = new URL('./sqlite-follower.ts', import.meta.url)
const RESTART_MS = 1000

export interface SqliteSearchOptions {
  path: string
  rowsPath: string
  events: Pick<EventReader, 'onAppend' | 'position'>
  log?: Log
  /** How long the indexing thread stays without an event, in milliseconds. */
  restMs?: number
}

/**
 * Opens the index in a SQLite file of its own, over the rows of the store at `rowsPath`, which must be open already. An index that is
 * damaged is thrown away, now or when it is noticed, and made anew from the log: mail is never in it alone.
 */
export async function openSqliteSearch(options: SqliteSearchOptions): Promise<Search> {
  const { path, log = silentLog } = options
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
  return new SqliteSearch({ log, restMs: THREAD_REST_MS, ...options })
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

/** Looks words up here; a thread adds them, while there are some to add. */
class SqliteSearch implements Search {
  readonly #paths: { indexPath: string; rowsPath: string }
  readonly #log: Log
  readonly #events: SqliteSearchOptions['events']
  readonly #index: ReadingConnection
  readonly #leave: () => void
  readonly #rest: NodeJS.Timeout
  readonly #asked = new Map<number, { resolve(): void; reject(error: unknown): void }>()
  readonly #leaving = new LeavingThreads()
  #worker: Worker | undefined
  #restart: NodeJS.Timeout | undefined
  #restedAt = 0
  #lastId = 0
  #remaking: Promise<void> | undefined
  #closed = false

  constructor({ path, rowsPath, events, log, restMs }: Required<SqliteSearchOptions>) {
    this.#paths = { indexPath: path, rowsPath }
    this.#log = log
    this.#events = events
    this.#index = new ReadingConnection(path)
    this.#rest = setInterval(() => void this.#retire(), restMs).unref()
    this.#leave = events.onAppend(() => void this.#poke())
    void this.#poke()
  }

  async find(query: SearchQuery): Promise<MessageId[]> {
    try {
      return findInSqlite(this.#index, query)
    } catch (error) {
      if (isDamage(error)) this.#remake(error)
      throw outageAsFailure(error)
    }
  }

  async caughtUp(): Promise<void> {
    if (!this.#worker && (await this.#isCaughtUp())) return
    const worker = this.#running()
    if (!worker) throw unanswered()
    await new Promise<void>((resolve, reject) => {
      this.#asked.set(++this.#lastId, { resolve, reject })
      worker.postMessage({ catchUp: this.#lastId })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#leave()
    clearInterval(this.#rest)
    clearTimeout(this.#restart)
    await this.#remaking
    void this.#close()
    await this.#leaving.gone()
    this.#refuse()
    this.#index[Symbol.dispose]()
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
    this.#restart = undefined
    await worker?.terminate()
    await this.#leaving.gone()
    this.#index.release()
    try {
      remake(path)
    } catch (error) {
      this.#log.error({ err: error, path }, 'the search index could not be made anew')
    }
    if (!this.#closed) this.#start()
  }

  // Commits that may have added something are not rare at rest: the thread is only started for what it has to add.
  async #poke(): Promise<void> {
    if (!this.#worker && (await this.#isCaughtUp())) return
    this.#running()?.postMessage('poke')
  }

  /** What cannot be read is for the thread to tell of. */
  async #isCaughtUp(): Promise<boolean> {
    try {
      const last = await this.#events.position()
      return this.#closed || positionInSqlite(this.#index) >= last
    } catch {
      return false
    }
  }

  /** The thread, started where there is none; undefined while the index is made anew, and for a while after a thread was lost. */
  #running(): Worker | undefined {
    if (!this.#worker && !this.#restart && !this.#remaking && !this.#closed) this.#start()
    return this.#worker
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
    this.#refuse()
    if (this.#closed) return
    this.#restart = setTimeout(() => {
      this.#restart = undefined
      void this.#poke()
    }, RESTART_MS).unref()
  }

  #refuse(): void {
    for (const asked of this.#asked.values()) asked.reject(unanswered())
    this.#asked.clear()
  }

  /** Lets the thread end when nothing came since the last time that this was asked. */
  async #retire(): Promise<void> {
    const position = await this.#events.position().catch(() => undefined)
    const rested = position !== undefined && position === this.#restedAt
    this.#restedAt = position ?? 0
    if (!rested || !(await this.#isCaughtUp())) return
    if (!this.#worker || this.#asked.size > 0 || this.#remaking) return
    await this.#close()
    trimHeap()
  }

  async #close(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    if (worker) await this.#leaving.close(worker)
  }
}

function unanswered(): Failure {
  return new Failure('unavailable', 'The search does not answer now')
}
