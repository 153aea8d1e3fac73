import type { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { THREAD_REST_MS } from '../../core/at-rest.ts'
import { Failure } from '../../core/errors.ts'
import type { EventReader } from '../../core/events/store.ts'
import type { MessageId } from '../../core/ids.ts'
import type { Search, SearchQuery } from '../../core/messages/search-store.ts'
import { trimHeap } from '../../core/trim-heap.ts'
import { type CommandResult, fromErrorData } from '../command-messages.ts'
import { LeavingThreads } from '../leaving-threads.ts'
import { openConnection, outageAsFailure } from '../sqlite.ts'
import { createSqliteIndex, findInSqlite, positionInSqlite } from './sqlite-index.ts'

const script = new URL('./sqlite-follower.ts', import.meta.url)
const RESTART_MS = 1000

type Log = Pick<EventReader, 'onAppend' | 'position'>

export interface SqliteSearchOptions {
  path: string
  rowsPath: string
  events: Log
  /** How long the indexing thread stays without an event, in milliseconds. */
  restMs?: number
}

/** Opens the index in a SQLite file of its own, over the rows of the store at `rowsPath`, which must be open already. */
export async function openSqliteSearch(options: SqliteSearchOptions): Promise<Search> {
  const first = openConnection(options.path)
  try {
    createSqliteIndex(first)
  } finally {
    first.close()
  }
  return new SqliteSearch(options)
}

/** Looks words up here; a thread adds them, while there are some to add. */
class SqliteSearch implements Search {
  readonly #paths: { indexPath: string; rowsPath: string }
  readonly #events: Log
  readonly #connection: DatabaseSync
  readonly #find: (query: SearchQuery) => MessageId[]
  readonly #position: () => number
  readonly #leave: () => void
  readonly #rest: NodeJS.Timeout
  readonly #asked = new Map<number, { resolve(): void; reject(error: unknown): void }>()
  readonly #leaving = new LeavingThreads()
  #worker: Worker | undefined
  #restart: NodeJS.Timeout | undefined
  #restedAt = 0
  #lastId = 0
  #closed = false

  constructor({ path, rowsPath, events, restMs = THREAD_REST_MS }: SqliteSearchOptions) {
    this.#paths = { indexPath: path, rowsPath }
    this.#events = events
    this.#connection = openConnection(path, { readOnly: true })
    this.#find = findInSqlite(this.#connection)
    this.#position = positionInSqlite(this.#connection)
    this.#rest = setInterval(() => void this.#retire(), restMs).unref()
    this.#leave = events.onAppend(() => void this.#poke())
    void this.#poke()
  }

  async find(query: SearchQuery): Promise<MessageId[]> {
    try {
      return this.#find(query)
    } catch (error) {
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
    void this.#close()
    await this.#leaving.gone()
    this.#refuse()
    this.#connection.close()
  }

  // Commits that may have added something are not rare at rest: the thread is only started for what it has to add.
  async #poke(): Promise<void> {
    if (!this.#worker && (await this.#isCaughtUp().catch(() => false))) return
    this.#running()?.postMessage('poke')
  }

  async #isCaughtUp(): Promise<boolean> {
    const last = await this.#events.position()
    return this.#closed || this.#position() >= last
  }

  /** The thread, started where there is none; undefined for a while after one was lost. */
  #running(): Worker | undefined {
    if (!this.#worker && !this.#restart && !this.#closed) this.#start()
    return this.#worker
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

  /** Lets the thread end when nothing came since the last time that this was asked. */
  async #retire(): Promise<void> {
    const position = await this.#events.position().catch(() => undefined)
    const rested = position !== undefined && position === this.#restedAt
    this.#restedAt = position ?? 0
    if (!rested || !(await this.#isCaughtUp().catch(() => false))) return
    if (!this.#worker || this.#asked.size > 0) return
    await this.#close()
    trimHeap()
  }

  async #close(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    if (worker) await this.#leaving.close(worker)
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
}

function unanswered(): Failure {
  return new Failure('unavailable', 'The search does not answer now')
}
