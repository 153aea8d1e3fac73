import { createConnection } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readReport } from '../../src/protocol/dsn/read-report.ts'
import { type ApiClient, apiClient, eventually } from '../support/api-client.ts'
import { bounceMail } from '../support/outbound.ts'
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/server-process.ts'
import { SmtpSink, scripted } from '../support/smtp-sink.ts'

// The real program with a smarthost that takes everything but mail to nobody@.
const folder = temporaryFolder()
let sink: SmtpSink
let server: ServerProcess
let api: ApiClient

beforeAll(async () => {
  const rcpt = (argument: string) => (argument.includes('nobody@') ? '550 5.1.1 No such user here' : undefined)
  sink = await SmtpSink.listen({ answer: scripted({ RCPT: rcpt }) })
  server = await startServerProcess(folder.path, {
    POSTHOUSE_DELIVERY: `smtp://127.0.0.1:${sink.port}`,
    POSTHOUSE_ALLOW_NET: '127.0.0.0/8',
  })
  api = apiClient(server.url, server.apiKey ?? '')
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await sink[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

const inbox = async (username: string) => (await api.post('/inboxes', { username })).body
const messagesOf = async (id: string) => (await api.get(`/inboxes/${id}/messages`)).body.data
const sendTo = (id: string, to: string) =>
  api.post(`/inboxes/${id}/messages/send`, { to, subject: 'Notes', text: 'On the engine' })

/** Hands one mail to our own port 25 as a foreign server does; answers the last reply. */
function handIn(to: string, raw: string): Promise<string> {
  const lines = [
    'EHLO mx.example.com',
    'MAIL FROM:<>',
    `RCPT TO:<${to}>`,
    'DATA',
    `${raw.replace(/\r?\n/g, '\r\n')}.`,
    'QUIT',
  ]
  return new Promise((resolve, reject) => {
    let said = ''
    const socket = createConnection(server.smtpPort, '127.0.0.1')
    socket.on('error', reject).on('close', () => resolve(said.trimEnd().split('\r\n').at(-2) ?? ''))
    socket.on('data', (chunk) => {
      said += chunk
      if (/^\d{3} [^\n]*\n$/m.test(said.slice(said.lastIndexOf('\n', said.length - 2) + 1))) {
        const next = lines.shift()
        if (next !== undefined) socket.write(`${next}\r\n`)
      }
    })
  })
}

test('mail leaves signed under a return path of its own, and its bounce comes home', async () => {
  const desk = await inbox('desk')
  const sent = await sendTo(desk.inbox_id, 'ada@example.com')
  expect(sent.status).toBe(200)
  await eventually(
    async () => sink.messages.length,
    (n) => n === 1,
  )
  const [mail] = sink.messages
  expect(mail?.raw.toString()).toMatch(/^DKIM-Signature: [\s\S]*^DKIM-Signature: [\s\S]*^From: /m)
  expect(mail?.from).toMatch(/^b-[a-z2-7]{42}@posthouse\.localhost$/)

  expect(await handIn(mail?.from ?? '', bounceMail('ada@example.com'))).toMatch(/^250/)
  const path = `/inboxes/${desk.inbox_id}/messages/${sent.body.message_id}`
  expect((await api.get(path)).body.status).toBe('bounced')
  const { body: deliveries } = await api.get(`${path}/deliveries`)
  expect(deliveries.data[0]).toMatchObject({ recipient: 'ada@example.com', status: 'failed' })
  expect(await messagesOf(desk.inbox_id)).toMatchObject([{ subject: 'Undelivered Mail Returned to Sender' }, {}])
  expect((await sendTo(desk.inbox_id, 'ada@example.com')).status).toBe(403)
})

test('a forged return path is nobody', async () => {
  expect(await handIn(`b-${'a'.repeat(42)}@posthouse.localhost`, bounceMail('ada@example.com'))).toMatch(/^5/)
})

test('a refusal comes back as a report in the mailbox that sent', async () => {
  const shop = await inbox('shop')
  await sendTo(shop.inbox_id, 'nobody@example.com')
  const [report] = await eventually(
    async () => (await messagesOf(shop.inbox_id)).filter((m: { direction: string }) => m.direction === 'inbound'),
    (found) => found.length === 1,
  )
  expect(report).toMatchObject({ from: 'Mail Delivery System <MAILER-DAEMON@mail.posthouse.localhost>' })
  const raw = await api.bytes(`/inboxes/${shop.inbox_id}/messages/${report.message_id}/eml`)
  expect(readReport(raw)?.recipients).toMatchObject([{ address: 'nobody@example.com', status: '5.1.1', hard: true }])
})
