import { temporaryFolder } from '../../test/support/server-process.ts'
import { fillMailbox } from '../support/fill.ts'
import { HttpClient } from '../support/http.ts'
import { cpuSeconds } from '../support/process-figures.ts'
import { count, ms, quantile } from '../support/statistics.ts'
import type { Table } from '../support/table.ts'
import { type Posthouse, startPosthouse } from '../support/targets.ts'

const NO_DNS = '127.0.0.1:9'
const CALLERS = [1, 10, 50]
const AT_ONCE = [10, 100]

/** How fast workers empty one inbox that each of them takes the oldest unhandled messages from. */
export async function measureHandle({ messages }: { messages: number }): Promise<Table> {
  using folder = temporaryFolder()
  const runs = AT_ONCE.flatMap((limit) => CALLERS.map((callers) => ({ callers, limit })))
  const [warm, ...mailboxes] = await fill(folder.path, runs.length + 1, messages)
  await using server = await startPosthouse(NO_DNS, { folder: folder.path, mailboxes: 0 })
  await empty(server, warm!, { ...runs[1]!, messages })
  const rows: string[][] = []
  for (const [at, run] of runs.entries()) rows.push(await empty(server, mailboxes[at]!, { ...run, messages }))
  return {
    title: `Taking ${count(messages)} unhandled messages from one inbox`,
    columns: ['callers', 'at once', 'messages/s', 'p50 ms', 'p99 ms', 'CPU µs/message'],
    rows,
    notes: ['Each message was given to one caller and only one; the answers hold them whole.'],
  }
}

/** As many mailboxes, each with so many messages; as addresses. */
async function fill(folder: string, mailboxes: number, messages: number): Promise<string[]> {
  await using server = await startPosthouse(NO_DNS, { folder, mailboxes })
  await server.stop()
  for (const address of server.recipients) await fillMailbox(folder, address, 0, messages)
  return server.recipients
}

async function empty(
  server: Posthouse,
  address: string,
  { callers, limit, messages }: { callers: number; limit: number; messages: number },
): Promise<string[]> {
  const path = `/api/v1/inbox/${await idOf(server, address)}/messages/handle`
  const given: string[] = []
  const times: number[] = []
  const take = async () => {
    using http = new HttpClient(server.url, server.apiKey)
    for (;;) {
      const start = performance.now()
      const { items } = await http.post(path, { limit })
      if (items.length === 0) return
      times.push(performance.now() - start)
      given.push(...items.map(({ id }: { id: string }) => id))
    }
  }
  const [cpu, start] = [cpuSeconds(server.pids()), performance.now()]
  await Promise.all(Array.from({ length: callers }, take))
  const seconds = (performance.now() - start) / 1000
  const used = (cpuSeconds(server.pids()) - cpu) * 1e6
  if (given.length !== messages || new Set(given).size !== messages) throw new Error(`${given.length} were given out`)
  const answers = [ms(quantile(times, 0.5)), ms(quantile(times, 0.99))]
  return [String(callers), String(limit), count(messages / seconds), ...answers, count(used / messages)]
}

async function idOf(server: Posthouse, address: string): Promise<string> {
  using http = new HttpClient(server.url, server.apiKey)
  const inboxes: { id: string; hookAddress: string }[] = await http.json('/api/v1/inbox')
  const found = inboxes.find(({ hookAddress }) => hookAddress === address)
  if (!found) throw new Error(`There is no inbox ${address}`)
  return found.id
}
