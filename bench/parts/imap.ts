import { join } from 'node:path'
import { systemClock } from '../../src/core/clock.ts'
import { type ImapSourceId, newId } from '../../src/core/ids.ts'
import { sealPassword } from '../../src/core/imap-sources/password.ts'
import { secretsFrom } from '../../src/core/secrets.ts'
import type { Store } from '../../src/core/store.ts'
import { openSqliteStore } from '../../src/storage/sqlite-store.ts'
import { buildMailbox } from '../../test/support/builders.ts'
import { manualClock } from '../../test/support/clock.ts'
import { DnsServer } from '../../test/support/dns-server.ts'
import { type Dovecot, findDovecot, startDovecot } from '../../test/support/dovecot.ts'
import { startServerProcess, temporaryFolder } from '../../test/support/server-process.ts'
import { mailForms } from '../support/mails.ts'
import { cpuSeconds } from '../support/process-figures.ts'
import { count } from '../support/statistics.ts'
import type { Table } from '../support/table.ts'

const SECRET = 'the master secret of this bench, long enough'
/** What one fetch takes. */
const MAILS = 200
const PATIENCE_MS = 120_000

/** How fast mail comes in from folders of a Dovecot on the same machine, over TLS, marked as read there. */
export async function measureImap({ sources }: { sources: number[] }): Promise<Table> {
  const found = await findDovecot()
  if ('missing' in found) throw new Error(found.missing)
  await using dovecot = await startDovecot(found)
  const rows: string[][] = []
  await using dns = await DnsServer.start({ [dovecot.host]: { a: [dovecot.tls.address] } })
  for (const number of sources) rows.push(await fetchFrom(dovecot, dns.address, number))
  return {
    title: `Fetching ${MAILS} mails of 5 kB from each source`,
    columns: ['sources at once', 'mails/s', 'CPU µs/mail'],
    rows,
    notes: ['Dovecot runs on the same machine and takes its share of it.'],
  }
}

async function fetchFrom(dovecot: Dovecot, dns: string, sources: number): Promise<string[]> {
  using folder = temporaryFolder()
  const path = join(folder.path, 'posthouse.db')
  await prepare(path, dovecot, sources)
  await using server = await startServerProcess(folder.path, {
    ...{ POSTHOUSE_SECRET: SECRET, POSTHOUSE_ALLOW_NET: '127.0.0.0/8', POSTHOUSE_DNS: dns },
    NODE_EXTRA_CA_CERTS: dovecot.caFile,
  })
  await using store = await openSqliteStore({ path, clock: systemClock })
  const before = cpuSeconds([server.pid])
  const [first, last] = await untilFiled(store, sources * MAILS)
  const cpu = ((cpuSeconds([server.pid]) - before) * 1e6) / (sources * MAILS)
  return [String(sources), count((sources * MAILS * 1000) / (last - first)), count(cpu)]
}

/** Sources that are due already, each of an organization of its own. */
async function prepare(path: string, dovecot: Dovecot, sources: number): Promise<void> {
  await using store = await openSqliteStore({ path, clock: manualClock(Date.now() - 86_400_000) })
  const forms = mailForms(5_000, MAILS)
  for (let i = 0; i < sources; i++) {
    const { id: mailboxId, orgId } = await buildMailbox(store)
    const id = newId<ImapSourceId>()
    const account = { host: dovecot.host, port: dovecot.tls.port, useSsl: true, username: `${sources}-${i}` }
    dovecot.folder(account.username).put(...forms.map(({ text }, at) => `Message-ID: <${at}@bench.example>\r\n${text}`))
    await store.run('imap-sources.create', {
      ...{ id, orgId, mailboxId, ...account, ...sealPassword({ secrets: secretsFrom(SECRET) }, id, 'secret') },
      ...{ folder: 'INBOX', fetchIntervalMinutes: 60, afterFetchAction: 'read' },
    })
  }
}

/** When the first and the last of so many was filed, as the log has it. */
async function untilFiled(store: Store, mails: number): Promise<[first: number, last: number]> {
  const times: number[] = []
  for (let [seq, end] = [0, Date.now() + PATIENCE_MS]; times.length < mails; ) {
    const events = await store.read.events.after(seq, 1000)
    seq = events.at(-1)?.seq ?? seq
    times.push(...events.filter(({ type }) => type === 'message.received').map(({ createdAt }) => createdAt))
    if (Date.now() > end) throw new Error(`${times.length} of ${mails} mails came`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return [times[0] ?? 0, times.at(-1) ?? 0]
}
