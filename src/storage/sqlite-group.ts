import type { DatabaseSync } from 'node:sqlite'
import { commands } from '../core/commands.ts'
import type { Tx } from '../core/store.ts'
import type { Database } from './database.ts'
import { databaseOver, isOutage, openConnection, outageAsFailure } from './sqlite.ts'
import { toErrorData, type WriteReply, type WriteRequest, type WriteResult } from './sqlite-messages.ts'
import { transactionOver } from './transaction.ts'

// A group that takes longer is cut here, so that nobody waits for the commit of an endless one.
const MAX_GROUP_MS = 50

/**
 * The writing connection: runs groups of commands, one commit for each group, each command in a savepoint of its own.
 * After a failure of the disk the connection is opened anew for the next group.
 */
export class GroupWriter implements Disposable {
  readonly #path: string
  #open: { connection: DatabaseSync; db: Database } | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** Runs as many of the commands as fit in one commit; answers for those, from the first on. */
  async runGroup(requests: readonly WriteRequest[]): Promise<WriteReply> {
    const done: WriteResult[] = []
    let appended = false
    try {
      const { connection, db } = this.#connect()
      connection.exec('begin immediate')
      const start = performance.now()
      for (const request of requests) {
        const tx = transactionOver(db, request.now, () => {
          appended = true
        })
        done.push(await runOne(connection, tx, request))
        if (performance.now() - start > MAX_GROUP_MS) break
      }
      connection.exec('commit')
      return { results: done, appended }
    } catch (error) {
      this.#reset()
      // No commit, so nothing of the group happened: neither what was refused nor what went well.
      const data = toErrorData(outageAsFailure(error))
      return { results: requests.map(({ id }) => ({ id, error: data })), appended: false }
    }
  }

  [Symbol.dispose](): void {
    this.#reset()
  }

  #connect(): { connection: DatabaseSync; db: Database } {
    if (!this.#open) {
      const connection = openConnection(this.#path)
      this.#open = { connection, db: databaseOver(connection) }
    }
    return this.#open
  }

  #reset(): void {
    const open = this.#open
    this.#open = undefined
    open?.connection.close()
  }
}

async function runOne(connection: DatabaseSync, tx: Tx, request: WriteRequest): Promise<WriteResult> {
  const { id, name, input } = request
  connection.exec('savepoint command')
  try {
    const command = commands[name] as (tx: Tx, input: unknown) => Promise<unknown>
    if (command === undefined) throw new Error(`No such command: ${name}`)
    const value = await command(tx, input)
    connection.exec('release command')
    return { id, value }
  } catch (error) {
    // A full disk may have rolled back the whole transaction already: then the group has failed, not the command.
    if (isOutage(error) || !connection.isTransaction) throw error
    connection.exec('rollback to command')
    connection.exec('release command')
    return { id, error: toErrorData(error) }
  }
}
