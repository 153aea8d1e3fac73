import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AgentMailClient } from 'agentmail'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AgentMailBench, startAgentMailBench } from '../support/agentmail.ts'

let bench: AgentMailBench
let gateway: Server
let client: AgentMailClient
/** How many sends the gateway gives up on once they are handed on. */
let givesUp = 0
let sends = 0

beforeAll(async () => {
  bench = await startAgentMailBench()
  gateway = createServer(async (incoming, outgoing) => {
    const body = await read(incoming)
    const { method, headers } = incoming
    const onward = request(`${bench.server.url}${incoming.url}`, { method: method ?? 'GET', headers })
    onward.on('error', () => {})
    if (incoming.url?.endsWith('/send')) sends++
    if (incoming.url?.endsWith('/send') && givesUp-- > 0) {
      // All of it is there before the gateway loses patience.
      onward.end(body, () => setTimeout(() => onward.destroy(), 5))
      onward.on('close', () => outgoing.writeHead(504).end())
      return
    }
    onward.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    onward.end(body)
  })
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve))
  const { port } = gateway.address() as AddressInfo
  client = new AgentMailClient({ apiKey: bench.key, baseUrl: `http://127.0.0.1:${port}` })
})
afterAll(async () => {
  gateway.closeAllConnections()
  gateway.close()
  await bench[Symbol.asyncDispose]()
})

async function read(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

test("the client's silent tries behind a gateway that gives up send one mail", async () => {
  const { inboxId } = await client.inboxes.create({})
  givesUp = 2
  // Large enough that composing it takes longer than the gateway waits.
  const content = Buffer.alloc(3_000_000, 'x').toString('base64')
  const attachments = [{ filename: 'large.bin', content }]
  const sent = await client.inboxes.messages.send(inboxId, { to: 'a@client.test', text: 'once', attachments })
  expect(sends).toBe(3)
  const { messages } = await client.inboxes.messages.list(inboxId, { labels: ['sent'] })
  expect(messages.map((m) => m.messageId)).toEqual([sent.messageId])
})
