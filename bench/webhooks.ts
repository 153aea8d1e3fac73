// What webhooks cost the intake of mail, and how fast deliveries leave.
// node bench/webhooks.ts [concurrency] [mails]
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { App } from '../src/core/app.ts'
import { systemClock } from '../src/core/clock.ts'
import { newId, type WebhookId } from '../src/core/ids.ts'
import { silentLog } from '../src/core/log.ts'
import { secretsFrom } from '../src/core/secrets.ts'
import type { Store } from '../src/core/store.ts'
import { newSecret } from '../src/core/webhooks/secrets.ts'
import { WebhookWorker } from '../src/core/webhooks/worker.ts'
import { openSqliteStore } from '../src/storage/sqlite-store.ts'
import { HttpWebhookSender } from '../src/transport/webhook-sender.ts'
import { fakeResolver } from '../test/fakes/dns-zone.ts'
import { buildMailbox, buildOrganization, content, type Owner, readMail } from '../test/support/builders.ts'
import { testRenderers } from '../test/support/webhook-renderers.ts'

const concurrency = Number(process.argv[2] ?? 32)
const mails = Number(process.argv[3] ?? 5_000)
const text = 'The engine weaves algebraic patterns. '.repeat(130)

const receiver = createServer((request, response) => request.resume().on('end', () => response.writeHead(204).end()))
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
const url = `http://127.0.0.1:${(receiver.address() as { port: number }).port}/`
await using sender = new HttpWebhookSender({ resolver: fakeResolver({}), allowNet: ['127.0.0.0/8'] })

function appOver(store: Store): App {
  const webhooks = { sender, renderers: testRenderers }
  return { clock: systemClock, log: silentLog, secrets: secretsFrom('bench'), store, webhooks } as unknown as App
}

async function addWebhook(app: App, { organization, project }: Owner): Promise<void> {
  const id = newId<WebhookId>()
  const [orgId, secretOwner] = [organization.id, `webhook:${id}`]
  const webhook = { id, orgId, projectId: project.id, style: 'agents', url, topics: ['message.received'] } as const
  const rest = { allMailboxes: true, mailboxIds: [], projectIds: [], secretOwner, headerNames: [], sealedHeaders: null }
  await app.store.run('webhooks.create', {
    webhook: { ...webhook, topics: ['message.received'], ...rest, options: {}, clientId: null },
    secret: newSecret(app, secretOwner, orgId).sealed,
    limit: null,
  })
}

async function measure(name: string, options: { worker: boolean; own: number; foreign: number }): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'posthouse-bench-'))
  try {
    await using store = await openSqliteStore({ path: join(folder, 'posthouse.db'), clock: systemClock })
    const app = appOver(store)
    const owner = await buildOrganization(store)
    const mailboxes = await Promise.all(Array.from({ length: 50 }, () => buildMailbox(store, owner)))
    for (let i = 0; i < options.own; i++) await addWebhook(app, owner)
    for (let i = 0; i < options.foreign; i++) await addWebhook(app, await buildOrganization(store))
    const worker = options.worker ? new WebhookWorker(app) : undefined
    let left = mails
    const file = async () => {
      while (left-- > 0) {
        const mailbox = mailboxes[left % mailboxes.length]!
        const mail = readMail({ content: content({ text, extractedText: text }), sizeBytes: 5000 })
        const copies = [{ mailbox, rcptTo: [mailbox.address] }]
        await store.run('messages.file', { mail, copies, host: 'posthouse.test' })
      }
    }
    const cpu = process.cpuUsage()
    const start = performance.now()
    await Promise.all(Array.from({ length: concurrency }, file))
    const filed = performance.now()
    await worker?.idle()
    const perSecond = (count: number, from: number) => Math.round(count / ((performance.now() - from) / 1000))
    const intake = Math.round(mails / ((filed - start) / 1000))
    const out = options.own > 0 ? `, ${perSecond(mails * options.own, start)} deliveries/s` : ''
    // Of all threads: tells more than the time where others use the machine too.
    const { user, system } = process.cpuUsage(cpu)
    console.log(`${name}: ${intake} mails/s, ${Math.round((user + system) / mails)} µs CPU a mail${out}`)
    await worker?.[Symbol.asyncDispose]()
  } finally {
    await rm(folder, { recursive: true })
  }
}

for (let round = 0; round < 2; round++) {
  await measure('no worker', { worker: false, own: 0, foreign: 0 })
  await measure('worker, no webhook', { worker: true, own: 0, foreign: 0 })
  await measure('worker, a webhook of somebody else', { worker: true, own: 0, foreign: 1 })
  await measure('worker, three webhooks', { worker: true, own: 3, foreign: 0 })
}
receiver.closeAllConnections()
receiver.close()
