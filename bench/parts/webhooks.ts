import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { startEmptyDns } from '../../test/resilience/empty-dns.ts'
import { apiClient } from '../../test/support/api-client.ts'
import { load } from '../support/load.ts'
import { mailForms } from '../support/mails.ts'
import { cpuSeconds } from '../support/process-figures.ts'
import { count } from '../support/statistics.ts'
import type { Table } from '../support/table.ts'
import { startPosthouse } from '../support/targets.ts'

const PATIENCE_MS = 120_000
const WEBHOOKS = [0, 1, 3, 10]

/** What webhooks cost the intake of mail, and how fast deliveries leave to a receiver on the same machine. */
export async function measureWebhooks({ seconds }: { seconds: number }): Promise<Table> {
  const rows: string[][] = []
  for (const webhooks of WEBHOOKS) rows.push(await dispatch(webhooks, seconds))
  return {
    title: 'Webhooks: mails of 5 kB over 10 connections, each told to every webhook',
    columns: ['webhooks', 'mails/s', 'deliveries', 'deliveries/s', 'CPU µs/delivery'],
    rows,
    notes: [
      'The rate is that of all deliveries, from the first mail to the last answer. The CPU is that of the server from the last mail on, so that hardly anything but deliveries is in it.',
    ],
  }
}

async function dispatch(webhooks: number, seconds: number): Promise<string[]> {
  await using dns = await startEmptyDns()
  await using receiver = await startCounter()
  await using server = await startPosthouse(dns.address, { env: { POSTHOUSE_ALLOW_NET: '127.0.0.0/8' } })
  const api = apiClient(server.url, server.apiKey)
  for (let i = 0; i < webhooks; i++) {
    const made = await api.post('/webhooks', { url: `${receiver.url}/${i}`, event_types: ['message.received'] })
    if (made.status !== 201) throw new Error(`The server makes no webhook: ${made.status}`)
  }
  const start = performance.now()
  const order = { port: server.port, recipients: server.recipients, forms: mailForms(5_000, 8), connections: 10 }
  const { perSecond, mails } = await load({ ...order, seconds }, server.pids)
  const [before, cpu] = [receiver.count(), cpuSeconds(server.pids())]
  const all = mails * webhooks
  const took = (await receiver.arrived(all)) - start
  const after = all - before
  const used = (cpuSeconds(server.pids()) - cpu) * 1e6
  const cells = webhooks === 0 ? ['', ''] : [count((all * 1000) / took), after > 0 ? count(used / after) : '–']
  return [String(webhooks), count(perSecond), count(all), ...cells]
}

interface RequestCounter extends AsyncDisposable {
  url: string
  count(): number
  /** When so many had been asked for. */
  arrived(all: number): Promise<number>
}

async function startCounter(): Promise<RequestCounter> {
  let requests = 0
  let last = performance.now()
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      requests++
      last = performance.now()
      response.writeHead(204).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    count: () => requests,
    async arrived(all) {
      for (const end = Date.now() + PATIENCE_MS; requests < all; await sleep(10)) {
        if (Date.now() > end) throw new Error(`${requests} of ${all} deliveries came`)
      }
      return last
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}
