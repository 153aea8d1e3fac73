import { readdirSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { startEmptyDns } from '../../test/resilience/empty-dns.ts'
import { HttpClient } from '../support/http.ts'
import { load } from '../support/load.ts'
import { mailForms } from '../support/mails.ts'
import { memoryOf } from '../support/process-figures.ts'
import { count, ms, quantile } from '../support/statistics.ts'
import type { Table } from '../support/table.ts'
import { type Posthouse, startPosthouse } from '../support/targets.ts'

const CONNECTIONS = 20
const ROWS = 10
const READ_EVERY_MS = 200

/** Mail comes in at a steady pace and is read meanwhile: whether anything grows. */
export async function measureSoak({ minutes, perSecond }: { minutes: number; perSecond: number }): Promise<Table> {
  await using dns = await startEmptyDns()
  await using server = await startPosthouse(dns.address)
  using http = new HttpClient(server.url, server.apiKey)
  const seconds = (minutes * 60) / ROWS
  const rows: string[][] = []
  for (let row = 1; row <= ROWS; row++) {
    const reading = new AbortController()
    const lists = readOn(http, reading.signal)
    const order = { port: server.port, recipients: server.recipients, forms: mailForms(5_000, 8) }
    const { perSecond: reached, p99 } = await load(
      { ...order, perSecond, connections: CONNECTIONS, seconds },
      server.pids,
    )
    reading.abort()
    const listed = quantile(await lists, 0.99)
    const at = `${((row * seconds) / 60).toFixed(1)} min`
    rows.push([at, count(reached), ms(p99), ms(listed), ...(await figures(server, http))])
    console.log(`  ${rows.at(-1)?.join('  ')}`)
  }
  return {
    title: `A soak of ${minutes} minutes at ${count(perSecond)} mails of 5 kB a second`,
    columns: ['after', 'mails/s', 'accepted p99 ms', 'list p99 ms', 'RSS MB', 'open files', 'loop delay p99 ms'],
    rows,
    notes: ['Lists of the newest 20 are read five times a second meanwhile. Nothing should grow from row to row.'],
  }
}

async function readOn(http: HttpClient, signal: AbortSignal): Promise<number[]> {
  const times: number[] = []
  while (!signal.aborted) {
    times.push(...(await http.times(1, () => '/api/v0/inboxes/box0@posthouse.localhost/messages')))
    await setTimeout(READ_EVERY_MS)
  }
  return times
}

async function figures(server: Posthouse, http: HttpClient): Promise<string[]> {
  const metrics = await http.text('/metrics')
  const delay = Number(/^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(metrics)?.[1]) * 1000
  const files = readdirSync(`/proc/${server.pid}/fd`).length
  return [count(memoryOf(server.pid).now), count(files), ms(delay)]
}
