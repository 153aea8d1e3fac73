import { createTransport } from 'nodemailer'
import { Webhook as Standard } from 'standardwebhooks'
import { Webhook as Svix } from 'svix'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyDkim } from '../../src/protocol/dkim/verify-dkim.ts'
import { DnsResolver } from '../../src/transport/dns/dns-resolver.ts'
import { type ApiClient, apiClient, eventually } from '../support/api-client.ts'
import { DnsServer } from '../support/dns-server.ts'
import { publish } from '../support/published.ts'
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/server-process.ts'
import { SmtpSink } from '../support/smtp-sink.ts'
import { type Receiver, startReceiver } from '../support/webhook-receiver.ts'

// The real program between a name server, a smarthost and a receiver of webhooks.
const folder = temporaryFolder()
let dns: DnsServer
let sink: SmtpSink
let receiver: Receiver
let server: ServerProcess
let api: ApiClient

beforeAll(async () => {
  dns = await DnsServer.start({})
  sink = await SmtpSink.listen()
  receiver = await startReceiver()
  server = await startServerProcess(folder.path, {
    POSTHOUSE_DNS: dns.address,
    POSTHOUSE_DELIVERY: `smtp://127.0.0.1:${sink.port}`,
    POSTHOUSE_ALLOW_NET: '127.0.0.0/8',
  })
  api = apiClient(server.url, server.apiKey ?? '')
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await receiver[Symbol.asyncDispose]()
  await sink[Symbol.asyncDispose]()
  await dns[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

test('a domain is added, verified, lived in, and every step is told to a webhook', async () => {
  const event_types = ['message.received', 'message.sent', 'domain.verified']
  const hook = (await api.post('/webhooks', { url: receiver.url, event_types })).body
  // biome-ignore lint/suspicious/noExplicitAny: JSON of every shape
  const told = async (type: string): Promise<any> => {
    const [event] = await eventually(
      async () => receiver.requests.filter((r) => r.headers['x-agentmail-event'] === type),
      (found) => found.length === 1,
    )
    const fields = event?.headers as Record<string, string>
    new Svix(hook.secret).verify(event?.body ?? '', fields)
    return new Standard(hook.secret).verify(event?.body ?? '', fields)
  }

  const { body: domain } = await api.post('/domains', { domain: 'shop.example' })
  expect((await api.post('/inboxes', { username: 'desk', domain: 'shop.example' })).status).toBe(403)
  dns.zone = publish(...domain.records)
  expect((await api.post('/domains/shop.example/verify')).body.status).toBe('VERIFIED')
  expect((await told('domain.verified')).domain).toMatchObject({ domain_id: 'shop.example', status: 'VERIFIED' })
  expect((await api.post('/domains/shop.example/verify')).status).toBe(429)

  const { body: desk } = await api.post('/inboxes', { username: 'desk', domain: 'shop.example' })
  const tls = { rejectUnauthorized: false }
  const smtp = createTransport({ host: '127.0.0.1', port: server.smtpPort, secure: false, tls })
  await smtp.sendMail({ from: 'ada@example.com', to: 'desk@shop.example', subject: 'Tea', text: 'At four?' })
  expect(await told('message.received')).toMatchObject({
    message: { inbox_id: desk.inbox_id, subject: 'Tea', text: 'At four?', from: 'ada@example.com' },
    thread: { subject: 'Tea', message_count: 1 },
  })

  const path = `/inboxes/${desk.inbox_id}/messages`
  const sent = await api.post(`${path}/send`, { to: 'ada@example.com', subject: 'Tea', text: 'At four.' })
  expect((await told('message.sent')).send).toMatchObject({ ...sent.body, recipients: ['ada@example.com'] })
  const [mail] = sink.messages
  expect(mail?.from).toMatch(/@shop\.example$/)
  const resolver = new DnsResolver({ clock: { now: () => Date.now() }, servers: [dns.address] })
  const signatures = await verifyDkim(mail?.raw ?? Buffer.alloc(0), { resolver, now: Date.now() })
  expect(signatures).toMatchObject([
    { result: 'pass', domain: 'shop.example', selector: 'dkim' },
    { result: 'pass', domain: 'shop.example', selector: 'dkim-ed' },
  ])

  // Before the inbox goes: its deliveries go with it.
  await eventually(
    () => api.get(`/webhooks/${hook.webhook_id}/deliveries?success=true`),
    ({ body }) => body.total === 3,
  )

  expect((await api.get('/organizations')).body).toMatchObject({ domain_count: 1, inbox_count: 1 })
  expect((await api.delete('/domains/shop.example')).status).toBe(409)
  await api.delete(`/inboxes/${desk.inbox_id}`)
  expect((await api.delete('/domains/shop.example')).status).toBe(204)
})
