import { createTransport } from 'nodemailer'
import { temporaryFolder } from '../../test/support/server-process.ts'
import { fillMailbox, fillQueue } from '../support/fill.ts'
import { HttpClient } from '../support/http.ts'
import { mailForms } from '../support/mails.ts'
import { memoryOf } from '../support/process-figures.ts'
import { count } from '../support/statistics.ts'
import type { Table } from '../support/table.ts'
import { type Posthouse, startPosthouse } from '../support/targets.ts'

const NOBODY = '127.0.0.1:9'
const MAILBOX = 'box0@posthouse.localhost'
const WORKING_MS = 10_000

/** How long it takes until a server with much behind it serves again: started after a proper end, and after SIGKILL at work. */
export async function measureRestart({ messages, queued }: { messages: number; queued: number }): Promise<Table> {
  using folder = temporaryFolder()
  await (await startPosthouse(NOBODY, { folder: folder.path, mailboxes: 1 })).stop()
  await fillMailbox(folder.path, MAILBOX, 0, messages)
  await fillQueue(folder.path, MAILBOX, queued, Buffer.from(mailForms(2_000, 1)[0]?.text ?? ''))
  console.log(`  ${count(messages)} messages and ${count(queued)} deliveries filled in`)
  const rows: string[][] = []
  for (const name of ['after a proper end', 'after SIGKILL', 'after SIGKILL once more']) {
    const starting = performance.now()
    const seconds = () => ((performance.now() - starting) / 1000).toFixed(2)
    await using server = await start(folder.path)
    using http = new HttpClient(server.url, server.apiKey)
    await http.text('/readyz')
    const ready = seconds()
    await mailed(server, http)
    const served = seconds()
    await new Promise((resolve) => setTimeout(resolve, WORKING_MS))
    rows.push([name, ready, served, count(memoryOf(server.pid).highest)])
    console.log(`  ${name}: ready after ${ready} s, a mail taken and listed after ${served} s`)
    await server.kill()
  }
  return {
    title: `A start with ${count(messages)} messages and ${count(queued)} waiting deliveries, all due`,
    columns: ['', '`/readyz` s', 'a mail taken and listed s', 'highest MB 10 s later'],
    rows,
    notes: ['The smarthost refuses connections, so that every delivery is tried and put off.'],
  }
}

function start(folder: string): Promise<Posthouse> {
  return startPosthouse(NOBODY, { folder, mailboxes: 0, env: { POSTHOUSE_DELIVERY: `smtp://${NOBODY}` } })
}

async function mailed(server: Posthouse, http: HttpClient): Promise<void> {
  const subject = `Mail ${performance.now()}`
  const transport = createTransport({ host: '127.0.0.1', port: server.port, secure: false, ignoreTLS: true })
  await transport.sendMail({ from: 'ada@example.com', to: MAILBOX, subject, text: 'x' })
  const { data } = await http.json(`/api/v0/inboxes/${MAILBOX}/messages?page_size=1`)
  if (data[0].subject !== subject) throw new Error('The mail is not listed')
}
