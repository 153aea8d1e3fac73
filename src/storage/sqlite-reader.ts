import { parentPort, workerData } from 'node:worker_threads'
import { tidyAtRest } from '../core/at-rest.ts'
import { type CommandReply, type CommandRequest, toErrorData } from './command-messages.ts'
import { ReadingConnection } from './reading-connection.ts'
import type { SlowLists } from './slow-lists.ts'
import { databaseOf, shrinkConnections } from './sqlite.ts'
import { tallyMessages } from './tables/message-handling.ts'
import { listMessages } from './tables/message-list.ts'
import { nextMessage } from './tables/message-next.ts'
import { listThreads } from './tables/threads.ts'

// The thread that answers the lists which may have to look at every row of a mailbox.
const port = parentPort
if (!port) throw new Error('This file runs as a worker thread')
const connection = new ReadingConnection((workerData as { path: string }).path)
tidyAtRest(shrinkConnections)
let now = 0
const db = { ...databaseOf((text) => connection.prepare(text)), now: () => now }
const lists: SlowLists = {
  messages: (...asked) => listMessages(db, ...asked),
  next: (...asked) => nextMessage(db, ...asked),
  threads: (...asked) => listThreads(db, ...asked),
  tally: (...asked) => tallyMessages(db, ...asked),
}

port.on('message', async (message: CommandRequest[] | 'close') => {
  if (message === 'close') {
    connection[Symbol.dispose]()
    port.close()
    return
  }
  for (const request of message) port.postMessage(await answer(request))
})

async function answer({ id, name, input, now: asked }: CommandRequest): Promise<CommandReply> {
  now = asked
  const list = lists[name as keyof SlowLists] as (...asked: unknown[]) => Promise<unknown>
  try {
    return { results: [{ id, value: await list(...(input as unknown[])) }], appended: false }
  } catch (error) {
    return { results: [{ id, error: toErrorData(error) }], appended: false }
  }
}
