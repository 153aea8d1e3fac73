import { commands } from '../core/commands.ts'
import type { Tx } from '../core/store.ts'
import { databaseOver } from './sqlite.ts'
import { transactionOver } from './transaction.ts'
import { serveWrites } from './writer-loop.ts'

type Command = (tx: Tx, input: unknown) => Promise<unknown>
const byName = new Map(Object.entries(commands) as [string, Command][])

// The thread that writes the rows: core's commands, by name.
serveWrites((connection) => {
  const db = databaseOver(connection)
  return async ({ name, input, now }, appended) => {
    const command = byName.get(name)
    if (!command) throw new Error(`No such command: ${name}`)
    return command(transactionOver(db, now, appended), input)
  }
})
