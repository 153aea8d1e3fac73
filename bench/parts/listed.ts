import { startEmptyDns } from '../../test/resilience/empty-dns.ts'
import { SmtpWire } from '../../test/resilience/smtp-wire.ts'
import { HttpClient } from '../support/http.ts'
import { load } from '../support/load.ts'
import { mailForms } from '../support/mails.ts'
import { expectReply, sendOne } from '../support/one-mail.ts'
import { ms, quantile } from '../support/statistics.ts'
import type { Table } from '../support/table.ts'
import { type Posthouse, startPosthouse } from '../support/targets.ts'

const PATIENCE_MS = 10_000

/** How long from the final dot until the message stands in a list that is asked for over and over. */
export async function measureListed({ mails }: { mails: number }): Promise<Table> {
  await using dns = await startEmptyDns()
  await using server = await startPosthouse(dns.address)
  await watch(server, 50)
  const rows = [row('at rest', await watch(server, mails))]
  const order = { port: server.port, recipients: server.recipients.slice(1), forms: mailForms(5_000, 8) }
  const seconds = Math.max(4, mails / 50)
  const loading = load({ ...order, connections: 10, seconds }, server.pids)
  rows.push(row('while 10 connections send without pause', await watch(server, mails, seconds)))
  await loading
  return {
    title: 'From the final dot to the list, in ms',
    columns: ['a mail of 5 kB', '250 p50', '250 p99', 'listed p50', 'listed p99'],
    rows,
  }
}

interface Times {
  answered: number[]
  listed: number[]
}

async function watch(server: Posthouse, mails: number, seconds = Number.POSITIVE_INFINITY): Promise<Times> {
  using http = new HttpClient(server.url, server.apiKey)
  const [address] = server.recipients
  const path = `/api/v0/inboxes/${address}/messages?page_size=1`
  const wire = await SmtpWire.open(server.port)
  const [form] = mailForms(5_000, 1)
  const times: Times = { answered: [], listed: [] }
  const before: number = (await http.json(path)).total
  const end = performance.now() + seconds * 1000
  for (let i = 0; i < mails && performance.now() < end; i++) {
    const dot = await sendOne(wire, address!, form!, `listed.${before + i}`)
    const answered = expectReply(wire, 250).then(() => times.answered.push(performance.now() - dot))
    await Promise.all([
      answered,
      untilListed(http, path, before + i).then(() => times.listed.push(performance.now() - dot)),
    ])
  }
  wire.close()
  return times
}

async function untilListed(http: HttpClient, path: string, more: number): Promise<void> {
  const giveUp = performance.now() + PATIENCE_MS
  while ((await http.json(path)).total <= more) {
    if (performance.now() > giveUp) throw new Error('The message is in no list')
  }
}

function row(name: string, { answered, listed }: Times): string[] {
  return [name, ...[answered, listed].flatMap((times) => [ms(quantile(times, 0.5)), ms(quantile(times, 0.99))])]
}
