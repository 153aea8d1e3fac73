import type { DatabaseSync } from 'node:sqlite'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { tidyAtRest } from '../core/at-rest.ts'
import { type CommandReply, type CommandRequest, toErrorData } from './command-messages.ts'
import { type Execute, GroupWriter } from './group-writer.ts'
import { shrinkConnections } from './sqlite.ts'

/** The thread's end of a writer: takes commands in batches, runs them in groups and answers after each commit. */
export function serveWrites(executeOver: (connection: DatabaseSync) => Execute): void {
  const port = parentPort
  if (!port) throw new Error('Writers run in a worker thread')
  const writer = new GroupWriter((workerData as { path: string }).path, executeOver)
  tidyAtRest(shrinkConnections)
  const waiting: CommandRequest[] = []
  let running = false
  const run = async () => {
    running = true
    while (waiting.length > 0) {
      const reply = await writer.runGroup(waiting)
      waiting.splice(0, reply.results.length)
      post(port, reply)
    }
    running = false
  }
  port.on('message', (message: CommandRequest[] | 'close') => {
    if (message === 'close') {
      writer[Symbol.dispose]()
      port.close()
      return
    }
    waiting.push(...message)
    if (!running) void run()
  })
}

function post(port: MessagePort, reply: CommandReply): void {
  try {
    port.postMessage(reply)
  } catch {
    // One answer that cannot be cloned must not take the others with it.
    const results = reply.results.map((result) => {
      try {
        return structuredClone(result)
      } catch (error) {
        return { id: result.id, error: toErrorData(error) }
      }
    })
    port.postMessage({ ...reply, results })
  }
}
