import { fork } from 'node:child_process'
import { once } from 'node:events'
import { startEmptyDns } from '../../test/resilience/empty-dns.ts'
import { startPostgres } from '../../test/support/postgres-server.ts'
import { type LoadFigures, load } from '../support/load.ts'
import { mailForms } from '../support/mails.ts'
import { count, ms } from '../support/statistics.ts'
import type { Table } from '../support/table.ts'
import { type Posthouse, startPosthouse } from '../support/targets.ts'

const CONNECTIONS = 40
const WARM_UP_SECONDS = 3

/** Intake of one node and of two on one PostgreSQL and one bucket, beside the embedded store. */
export async function measureNodes({ seconds }: { seconds: number }): Promise<Table> {
  await using dns = await startEmptyDns()
  const rows: string[][] = []
  {
    await using alone = await startPosthouse(dns.address)
    rows.push(['SQLite, one node', ...(await measure([alone], alone.recipients, seconds))])
  }
  await using world = await startSharedWorld()
  await using first = await startPosthouse(dns.address, { env: world.env })
  rows.push(['PostgreSQL and S3, one node', ...(await measure([first], first.recipients, seconds))])
  await using second = await startPosthouse(dns.address, { env: world.env, mailboxes: 0 })
  rows.push(['PostgreSQL and S3, two nodes', ...(await measure([first, second], first.recipients, seconds))])
  return {
    title: `Nodes: 5 kB mails over ${CONNECTIONS} connections, nothing in the DNS`,
    columns: ['', 'mails/s', 'p50 ms', 'p99 ms', 'CPU µs/mail of the nodes'],
    rows,
    notes: [
      'Everything is on the one machine: the nodes, PostgreSQL (which syncs its log), the stand-in for S3 (in memory, every signature checked) and the load. So two nodes share what cores are left; what is to be seen is that they do not stand in each other’s way.',
    ],
  }
}

async function measure(nodes: Posthouse[], recipients: string[], seconds: number): Promise<string[]> {
  const forms = mailForms(5_000, 8)
  const run = (node: Posthouse, time: number) =>
    load({ port: node.port, recipients, forms, seconds: time, connections: CONNECTIONS / nodes.length }, node.pids)
  await Promise.all(nodes.map((node) => run(node, WARM_UP_SECONDS)))
  const figures = await Promise.all(nodes.map((node) => run(node, seconds)))
  const perSecond = figures.reduce((sum, one) => sum + one.perSecond, 0)
  const worst = (of: (figure: LoadFigures) => number) => ms(Math.max(...figures.map(of)))
  const cpu = figures.reduce((sum, one) => sum + (one.serverCpuUs ?? 0) * (one.perSecond / perSecond), 0)
  const cells = [count(perSecond), worst(({ p50 }) => p50), worst(({ p99 }) => p99), count(cpu)]
  console.log(`  ${cells.join('  ')}`)
  return cells
}

interface SharedWorld extends AsyncDisposable {
  env: Record<string, string>
}

async function startSharedWorld(): Promise<SharedWorld> {
  const postgres = await startPostgres({ durable: true })
  const s3 = fork(new URL('../s3-stand-in.ts', import.meta.url))
  const [{ endpoint, bucket, region, accessKeyId, secretAccessKey }] = await once(s3, 'message')
  return {
    env: {
      POSTHOUSE_DATABASE_URL: postgres.url,
      POSTHOUSE_BLOBS: `s3://${bucket}?endpoint=${endpoint}&region=${region}`,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      POSTHOUSE_SECRET: 'the secret that both nodes of this bench share',
    },
    async [Symbol.asyncDispose]() {
      s3.kill()
      await once(s3, 'exit')
      await postgres.stop()
    },
  }
}
