import { DnsServer } from '../../test/support/dns-server.ts'
import { type LoadFigures, load } from '../support/load.ts'
import { type MailForm, mailForms, signedForms } from '../support/mails.ts'
import { startPostfixTarget } from '../support/postfix-target.ts'
import { count, ms } from '../support/statistics.ts'
import type { Table } from '../support/table.ts'
import { startNullServer, startPosthouse, type Target } from '../support/targets.ts'

export interface IntakeOptions {
  /** For each figure. */
  seconds: number
  sizes: readonly number[]
  connections: readonly number[]
}

const WARM_UP_SECONDS = 3
const FORMS = 8

/** Mails a second that are on disk when they are answered, beside a server that forgets them and one that everybody knows. */
export async function measureIntake(options: IntakeOptions): Promise<Table> {
  const rows: string[][] = []
  const notes = [
    'Times are from the final dot to the 250, after which Posthouse has filed the mail and Postfix has it in its queue. The CPU is that of all threads or processes of the server.',
  ]
  const plain = (size: number) => mailForms(size, FORMS)
  const signed = new Map<number, MailForm[]>()
  await using dns = await DnsServer.start({})
  for (const size of options.sizes) {
    const { forms, zone } = await signedForms(size, FORMS)
    signed.set(size, forms)
    Object.assign(dns.zone, zone)
  }
  await using empty = await DnsServer.start({})
  const posthouse = 'Posthouse'
  rows.push(
    ...(await measureTarget(`${posthouse}, nothing in the DNS`, await startPosthouse(empty.address), plain, options)),
  )
  const withKeys = await startPosthouse(dns.address)
  rows.push(...(await measureTarget(`${posthouse}, DKIM, SPF, DMARC`, withKeys, (size) => signed.get(size)!, options)))
  rows.push(...(await measureTarget('smtp-server that forgets', await startNullServer(), plain, options)))
  const postfix = await startPostfixTarget()
  if (typeof postfix === 'string') notes.push(`Without Postfix: ${postfix}.`)
  else rows.push(...(await measureTarget('Postfix to a maildir', postfix, plain, options)))
  return {
    title: 'Intake over SMTP',
    columns: ['server', 'mail', 'connections', 'mails/s', 'p50 ms', 'p99 ms', 'CPU µs/mail'],
    rows,
    notes,
  }
}

async function measureTarget(
  name: string,
  opened: Target,
  forms: (size: number) => MailForm[],
  { sizes, connections, seconds }: IntakeOptions,
): Promise<string[][]> {
  await using target = opened
  const order = { host: target.host, port: target.port, recipients: target.recipients }
  const rows: string[][] = []
  await load({ ...order, connections: 10, seconds: WARM_UP_SECONDS, forms: forms(sizes[0]!) }, target.pids)
  for (const size of sizes) {
    for (const n of connections) {
      const figures = await load({ ...order, connections: n, seconds, forms: forms(size) }, target.pids)
      rows.push([name, `${size / 1000} kB`, String(n), ...cells(figures)])
      console.log(rows.at(-1)?.join('  '))
    }
  }
  return rows
}

function cells({ perSecond, p50, p99, serverCpuUs }: LoadFigures): string[] {
  return [count(perSecond), ms(p50), ms(p99), serverCpuUs === null ? '–' : count(serverCpuUs)]
}
