import { setTimeout as sleep } from 'node:timers/promises'
import { startEmptyDns } from '../../test/resilience/empty-dns.ts'
import { SmtpWire } from '../../test/resilience/smtp-wire.ts'
import { HttpClient } from '../support/http.ts'
import { mailForms } from '../support/mails.ts'
import { expectReply, sendOne } from '../support/one-mail.ts'
import { ms, quantile } from '../support/statistics.ts'
import type { Table } from '../support/table.ts'
import { type Posthouse, startPosthouse } from '../support/targets.ts'

/** As many as one key may have. */
const WAITERS = 20

/** How long from the final dot until a client that waits has the message in its hands, at a given rate. */
export async function measureWaiting(options: { perSecond: number; seconds: number }): Promise<Table> {
  await using dns = await startEmptyDns()
  await using server = await startPosthouse(dns.address, { mailboxes: WAITERS })
  await run(server, { perSecond: options.perSecond, seconds: 1 })
  const { answered, heard } = await run(server, options)
  const cells = [answered, heard].flatMap((times) => [ms(quantile(times, 0.5)), ms(quantile(times, 0.99))])
  return {
    title: 'From the final dot to the answer of a wait, in ms',
    columns: ['a mail of 5 kB', 'mails', '250 p50', '250 p99', 'waited for p50', 'waited for p99'],
    rows: [[`${WAITERS} clients that wait, ${options.perSecond} mails/s`, String(heard.length), ...cells]],
  }
}

let serial = 0

interface Times {
  answered: number[]
  heard: number[]
}

async function run(server: Posthouse, { perSecond, seconds }: { perSecond: number; seconds: number }): Promise<Times> {
  const times: Times = { answered: [], heard: [] }
  const [form] = mailForms(5_000, 1)
  const every = (1000 * WAITERS) / perSecond
  const start = performance.now()
  const one = async (address: string, at: number) => {
    using http = new HttpClient(server.url, server.apiKey)
    const wire = await SmtpWire.open(server.port)
    for (let due = start + (at * every) / WAITERS; due < start + seconds * 1000; due += every) {
      const wait = http.json(`/api/v0/inboxes/${address}/wait`).then(({ message }) => {
        if (!message) throw new Error('The wait was in vain')
        return performance.now()
      })
      await sleep(Math.max(0, due - performance.now()))
      const dot = await sendOne(wire, address, form!, `waited.${++serial}`)
      await expectReply(wire, 250)
      times.answered.push(performance.now() - dot)
      times.heard.push((await wait) - dot)
    }
    wire.close()
  }
  await Promise.all(server.recipients.map(one))
  return times
}
