import { parentPort, workerData } from 'node:worker_threads'
import { GroupWriter } from './sqlite-group.ts'
import type { WriteRequest } from './sqlite-messages.ts'

// The thread that writes. It takes commands in batches and answers after each commit.
const port = parentPort
if (!port) throw new Error('This file runs as a worker thread')
const writer = new GroupWriter((workerData as { path: string }).path)
const waiting: WriteRequest[] = []
let running = false

port.on('message', (message: WriteRequest[] | 'close') => {
  if (message === 'close') {
    writer[Symbol.dispose]()
    port.close()
    return
  }
  waiting.push(...message)
  if (!running) void run()
})

async function run(): Promise<void> {
  running = true
  while (waiting.length > 0) {
    const reply = await writer.runGroup(waiting)
    waiting.splice(0, reply.results.length)
    port?.postMessage(reply)
  }
  running = false
}
