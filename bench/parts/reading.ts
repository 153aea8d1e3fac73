import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { systemClock } from '../../src/core/clock.ts'
import type { SearchQuery } from '../../src/core/messages/search-store.ts'
import { openSqliteSearch } from '../../src/storage/search/sqlite-search.ts'
import { openSqliteStore } from '../../src/storage/sqlite-store.ts'
import { temporaryFolder } from '../../test/support/server-process.ts'
import { fillMailbox } from '../support/fill.ts'
import { HttpClient } from '../support/http.ts'
import { cpuSeconds } from '../support/process-figures.ts'
import { count, ms, quantile } from '../support/statistics.ts'
import type { Table } from '../support/table.ts'
import { type Posthouse, startPosthouse } from '../support/targets.ts'
import { wordAt } from '../support/words.ts'

export interface ReadingOptions {
  /** How many messages the mailbox holds, rising. */
  levels: readonly number[]
  /** For each figure. */
  requests: number
}

const EMPTY_DNS = '127.0.0.1:9'
const MAILBOX = 'box0@posthouse.localhost'
const INBOX = `/api/v0/inboxes/${MAILBOX}`

/** What lists, looking up and search take when one mailbox holds everything, which is the hard case. */
export async function measureReading({ levels, requests }: ReadingOptions): Promise<Table> {
  using folder = temporaryFolder()
  await (await startPosthouse(EMPTY_DNS, { folder: folder.path, mailboxes: 1 })).stop()
  const columns: Map<string, string>[] = []
  let filled = 0
  for (const level of levels) {
    const filling = performance.now()
    await fillMailbox(folder.path, MAILBOX, filled, level)
    console.log(`  ${count(level - filled)} messages filled in, ${seconds(filling)} s`)
    filled = level
    columns.push(new Map([...(await overHttp(folder.path, requests)), ...(await searching(folder.path, requests))]))
  }
  const names = [...columns[0]!.keys()]
  return {
    title: 'Reading: p50 / p99 in ms, one request after the other',
    columns: ['', ...levels.map((level) => `${count(level)} messages`)],
    rows: names.map((name) => [name, ...columns.map((column) => column.get(name) ?? '')]),
    notes: [
      'All messages are in one mailbox, five to a thread. The first rows are whole HTTP requests to the server; search is the index itself, in the process that asks.',
    ],
  }
}

async function overHttp(folder: string, requests: number): Promise<[string, string][]> {
  const starting = performance.now()
  await using server = await startPosthouse(EMPTY_DNS, { folder, mailboxes: 0 })
  const started = `${seconds(starting)} s`
  await untilQuiet(server)
  using http = new HttpClient(server.url, server.apiKey)
  const { data: messages } = await http.json(`${INBOX}/messages?page_size=100`)
  const { data: threads } = await http.json(`${INBOX}/threads?page_size=100`)
  const page = Math.floor(Math.min(messages.length * 100, 10_000) / 50)
  const asked: [string, (i: number) => string][] = [
    ['newest 50 messages', () => `${INBOX}/messages?page_size=50`],
    [`50 messages, page ${page}`, () => `${INBOX}/messages?page_size=50&page=${page}`],
    ['newest 50 threads', () => `${INBOX}/threads?page_size=50`],
    ['one message', (i) => `${INBOX}/messages/${messages[i % 100].message_id}`],
    ['one thread of five', (i) => `${INBOX}/threads/${threads[i % 100].thread_id}`],
    ['messages with a word in the subject', (i) => `${INBOX}/messages?subject=${wordAt(100 + i)}`],
  ]
  const rows: [string, string][] = []
  for (const [name, path] of asked) {
    await http.times(100, path)
    rows.push([name, both(await http.times(requests, path))])
    console.log(`  ${name}: ${rows.at(-1)?.[1]}`)
  }
  return [...rows.map(([name, value]): [string, string] => [renamed(name), value]), ['start to ready', started]]
}

// The same row for every level.
const renamed = (name: string) => name.replace(/, page \d+/, ', a far page')

async function searching(folder: string, requests: number): Promise<[string, string][]> {
  const rowsPath = join(folder, 'posthouse.db')
  await using store = await openSqliteStore({ path: rowsPath, clock: systemClock })
  const indexing = performance.now()
  const path = join(folder, 'bench-search.db')
  await using search = await openSqliteSearch({ path, rowsPath, events: store.read.events })
  await search.caughtUp()
  console.log(`  indexed in ${seconds(indexing)} s`)
  const mailbox = await store.read.mailboxes.byAddress(MAILBOX)
  if (!mailbox) throw new Error('The mailbox is gone')
  const { id: mailboxId, orgId } = mailbox
  const asked: [string, (i: number) => string][] = [
    ['search: a rare word', (i) => wordAt(5_000 + i)],
    ['search: a frequent word', (i) => wordAt(20 + (i % 50))],
    ['search: two words', (i) => `${wordAt(20 + (i % 50))} ${wordAt(1_000 + i)}`],
  ]
  const rows: [string, string][] = []
  for (const [name, text] of asked) {
    const times: number[] = []
    const start = performance.now()
    // At most so long: a frequent word among a million is slow.
    for (let i = 0; i < requests && performance.now() - start < 10_000; i++) {
      const query: SearchQuery = { orgId, mailboxId, text: text(i), limit: 20 }
      const asking = performance.now()
      await search.find(query)
      times.push(performance.now() - asking)
    }
    rows.push([name, both(times)])
    console.log(`  ${name}: ${rows.at(-1)?.[1]}`)
  }
  return rows
}

/** After a start the queues look at what is new; that is over when the process rests. */
async function untilQuiet(server: Posthouse): Promise<void> {
  for (let before = -1, now = 0; now - before > 0.03; ) {
    before = cpuSeconds(server.pids())
    await setTimeout(500)
    now = cpuSeconds(server.pids())
  }
}

const both = (times: number[]) => `${ms(quantile(times, 0.5))} / ${ms(quantile(times, 0.99))}`
const seconds = (since: number) => ((performance.now() - since) / 1000).toFixed(1)
