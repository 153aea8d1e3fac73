import { connect, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { startEmptyDns } from '../../test/resilience/empty-dns.ts'
import { HttpClient } from '../support/http.ts'
import { load } from '../support/load.ts'
import { mailForms } from '../support/mails.ts'
import { memoryOf } from '../support/process-figures.ts'
import { count, ms } from '../support/statistics.ts'
import type { Table } from '../support/table.ts'
import { type Posthouse, startPosthouse } from '../support/targets.ts'

const IDLE_CONNECTIONS = 1_000

/** Resident memory of the whole process, and how late its main thread was. */
export async function measureMemory({ seconds }: { seconds: number }): Promise<Table> {
  await using dns = await startEmptyDns()
  const rows: string[][] = []
  await using server = await startPosthouse(dns.address)
  const look = async (name: string) => rows.push([name, ...(await figures(server))])
  await using resting = await startPosthouse(dns.address, { mailboxes: 0 })
  await setTimeout(3_000)
  rows.push(['3 s after the start', ...(await figures(resting))])
  for (const [kB, connections] of [
    [5, 50],
    [50, 50],
  ] as const) {
    const order = { port: server.port, recipients: server.recipients, forms: mailForms(kB * 1000, 8) }
    await load({ ...order, connections, seconds }, server.pids)
    await look(`after ${seconds} s of ${kB} kB mails over ${connections} connections`)
  }
  const idle = await openIdle(server.port)
  await setTimeout(1_000)
  await look(`with ${count(IDLE_CONNECTIONS)} idle connections more`)
  for (const socket of idle) socket.destroy()
  await setTimeout(10_000)
  await look('10 s later, at rest again')
  return {
    title: 'Memory and event loop',
    columns: ['', 'RSS MB', 'highest MB', 'loop delay p99 ms'],
    rows,
    notes: [
      'The delay is `nodejs_eventloop_lag_p99_seconds` of `/metrics` since the row before. Its clock ticks every 10 ms, so 10 means none.',
    ],
  }
}

async function figures(server: Posthouse): Promise<string[]> {
  const { now, highest } = memoryOf(server.pid)
  using http = new HttpClient(server.url, server.apiKey)
  const metrics = await http.text('/metrics')
  const delay = Number(/^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(metrics)?.[1]) * 1000
  return [count(now), count(highest), ms(delay)]
}

function openIdle(port: number): Promise<Socket[]> {
  const greeted = Array.from({ length: IDLE_CONNECTIONS }, async () => {
    const socket = connect(port, '127.0.0.1')
    await new Promise((resolve, reject) => socket.once('data', resolve).once('error', reject))
    return socket
  })
  return Promise.all(greeted)
}
