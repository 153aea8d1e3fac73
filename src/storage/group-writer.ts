import type { DatabaseSync } from 'node:sqlite'
import { type CommandReply, type CommandRequest, type CommandResult, toErrorData } from './command-messages.ts'
import { isOutage, openConnection, outageAsFailure } from './sqlite.ts'

/** The command that only shows that a commit is possible. */
export const PROBE = 'probe'

// A group that takes longer is cut here, so that nobody waits for the commit of an endless one.
const MAX_GROUP_MS = 50

/** Runs one command inside the transaction that is open. `appended` tells that it added to the event log. */
export type Execute = (request: CommandRequest, appended: () => void) => Promise<unknown>

/**
 * A writing connection: runs groups of commands, one commit for each group, each command in a savepoint of its own.
 * After a failure of the disk the connection is opened anew for the next group.
 */
export class GroupWriter implements Disposable {
  readonly #path: string
  readonly #executeOver: (connection: DatabaseSync) => Execute
  #open: { connection: DatabaseSync; execute: Execute } | undefined

  constructor(path: string, executeOver: (connection: DatabaseSync) => Execute) {
    this.#path = path
    this.#executeOver = executeOver
  }

  /** Runs as many of the commands as fit in one commit; answers for those, from the first on. */
  async runGroup(requests: readonly CommandRequest[]): Promise<CommandReply> {
    const results: CommandResult[] = []
    let appended = false
    const append = () => {
      appended = true
    }
    try {
      const { connection, execute } = this.#connect()
      connection.exec('begin immediate')
      const start = performance.now()
      for (const request of requests) {
        const command = () => (request.name === PROBE ? probe(connection) : execute(request, append))
        results.push(await runOne(connection, request, command))
        if (performance.now() - start > MAX_GROUP_MS) break
      }
      connection.exec('commit')
      return { results, appended }
    } catch (error) {
      this[Symbol.dispose]()
      // No commit, so nothing of the group happened: neither what was refused nor what went well.
      const data = toErrorData(outageAsFailure(error))
      return { results: requests.map(({ id }) => ({ id, error: data })), appended: false }
    }
  }

  [Symbol.dispose](): void {
    const open = this.#open
    this.#open = undefined
    open?.connection.close()
  }

  #connect(): { connection: DatabaseSync; execute: Execute } {
    if (!this.#open) {
      const connection = openConnection(this.#path)
      this.#open = { connection, execute: this.#executeOver(connection) }
    }
    return this.#open
  }
}

async function runOne(
  connection: DatabaseSync,
  { id }: CommandRequest,
  command: () => Promise<unknown>,
): Promise<CommandResult> {
  connection.exec('savepoint command')
  try {
    const value = await command()
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

// Writes a page, and nothing that anybody reads.
async function probe(connection: DatabaseSync): Promise<void> {
  connection.exec('pragma user_version = 0')
}
