import { parentPort, workerData } from 'node:worker_threads'
import { tidyAtRest } from '../../core/at-rest.ts'
import type { SearchIndex } from '../../core/messages/search-store.ts'
import { toErrorData } from '../command-messages.ts'
import { ReadingConnection } from '../reading-connection.ts'
import { databaseOf, isDamage, openConnection, shrinkConnections } from '../sqlite.ts'
import { readerOver } from '../transaction.ts'
import { LogFollower } from './log-follower.ts'
import { sqliteIndex } from './sqlite-index.ts'
import type { FollowerMessage } from './sqlite-search.ts'

// The thread that indexes: it reads the rows by itself, so that nothing of it is felt by the others.
const port = parentPort
if (!port) throw new Error('This file runs as a worker thread')
const { rowsPath, indexPath } = workerData as { rowsPath: string; indexPath: string }
const rows = new ReadingConnection(rowsPath, { readsOnce: true })
const { connection: index, follow } = openIndex()
const read = readerOver(
  databaseOf((text) => rows.prepare(text)),
  Date.now,
  () => () => {},
)
const follower = new LogFollower(read, follow)

tidyAtRest(shrinkConnections)

port.on('message', async (message: 'poke' | 'close' | { catchUp: number }) => {
  if (message === 'poke') follower.poke()
  else if (message === 'close') await close()
  else await answer(message.catchUp)
})

async function answer(id: number): Promise<void> {
  const error = await follower.catchUp().then(() => undefined, toErrorData)
  say({ id, error })
}

function openIndex(): { connection: ReturnType<typeof openConnection>; follow: SearchIndex } {
  try {
    const connection = openConnection(indexPath)
    const { position, take } = sqliteIndex(connection)
    return {
      connection,
      follow: { position: () => position().catch(tellOfDamage), take: (step) => take(step).catch(tellOfDamage) },
    }
  } catch (error) {
    return tellOfDamage(error)
  }
}

function tellOfDamage(error: unknown): never {
  if (isDamage(error)) say({ damaged: toErrorData(error) })
  throw error
}

function say(message: FollowerMessage): void {
  port?.postMessage(message)
}

async function close(): Promise<void> {
  await follower[Symbol.asyncDispose]()
  index.close()
  rows[Symbol.dispose]()
  port?.close()
}
