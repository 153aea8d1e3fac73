import { createHash } from 'node:crypto'
import { createTransport } from 'nodemailer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ApiClient, apiClient, eventually } from '../support/api-client.ts'
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/server-process.ts'

const folder = temporaryFolder()
let server: ServerProcess
let api: ApiClient

beforeAll(async () => {
  server = await startServerProcess(folder.path)
  api = apiClient(server.url, server.apiKey ?? '')
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

const inbox = async (username: string, displayName: string | null = null) => {
  const { status, body } = await api.post('/inboxes', { username, display_name: displayName })
  expect(status).toBe(201)
  return body
}

/** An SMTP client as anybody has one. */
const smtp = () =>
  createTransport({ host: '127.0.0.1', port: server.smtpPort, secure: false, tls: { rejectUnauthorized: false } })

test('a mail comes in over SMTP, is read, answered, and the answer is captured with its thread', async () => {
  const desk = await inbox('desk', 'Tea Desk')
  const attachment = Buffer.from('one\ntwo\r\nthree', 'utf8')
  await smtp().sendMail({
    from: '"Zoë, the client" <zoe@client.test>',
    to: desk.email_address,
    subject: 'Grüße 🍵',
    messageId: '<first@client.test>',
    text: 'At four?',
    html: '<p>At four?</p>',
    attachments: [{ filename: 'Übersicht.txt', content: attachment, contentType: 'text/plain' }],
  })
  // The 250 has come, so the list shows it already.
  const { body: list } = await api.get(`/inboxes/${desk.inbox_id}/messages`)
  expect(list).toMatchObject({ total: 1, page: 1, page_size: 20 })
  const [item] = list.data
  expect(item).toMatchObject({
    direction: 'inbound',
    from: '"Zoë, the client" <zoe@client.test>',
    to: ['desk@posthouse.localhost'],
    subject: 'Grüße 🍵',
    preview: 'At four?',
  })
  await eventually(
    () => api.get(`/inboxes/${desk.inbox_id}/messages/search?q=four%20zo%C3%AB`),
    ({ body }) => body.messages[0]?.subject === item.subject,
  )
  const path = `/inboxes/${desk.inbox_id}/messages/${item.message_id}`
  const { body: message } = await api.get(path)
  expect(message).toMatchObject({
    text: 'At four?',
    html: '<p>At four?</p>',
    rfc_message_id: '<first@client.test>',
    envelope: { mail_from: 'zoe@client.test', rcpt_to: ['desk@posthouse.localhost'] },
    attachments: [{ filename: 'Übersicht.txt', content_type: 'text/plain', size: attachment.length }],
  })
  const raw = await api.bytes(`${path}/eml`)
  expect(message.sha256).toBe(createHash('sha256').update(raw).digest('hex'))
  expect(message.size).toBe(raw.length)

  const { body: link } = await api.get(`${path}/attachments/${message.attachments[0].attachment_id}`)
  const file = await fetch(link.download_url.replace(/^http:\/\/localhost:\d+/, server.url))
  expect(Buffer.from(await file.arrayBuffer())).toEqual(attachment)

  const reply = await api.post(`${path}/reply`, { text: 'At four it is.' })
  expect(reply).toMatchObject({ status: 200, body: { thread_id: item.thread_id } })
  const captured = await eventually(
    () => api.get('/captured'),
    ({ body }) => body.total === 1,
  )
  expect(captured.body.data[0]).toMatchObject({ recipients: ['zoe@client.test'], subject: 'Re: Grüße 🍵' })
  const sent = (await api.bytes(`/captured/${captured.body.data[0].id}/raw`)).toString()
  expect(sent).toContain('In-Reply-To: <first@client.test>')
  expect(sent).toMatch(/^From: Tea Desk <desk@posthouse\.localhost>\r$/m)

  const { body: thread } = await api.get(`/inboxes/${desk.inbox_id}/threads/${item.thread_id}`)
  expect(thread.messages.map((m: { direction: string; text: string }) => [m.direction, m.text])).toEqual([
    ['inbound', 'At four?'],
    ['outbound', 'At four it is.'],
  ])
})

test('mail between two inboxes here goes through the same pipeline, and its answer finds the thread', async () => {
  const [ann, bob] = [await inbox('ann', 'Ann'), await inbox('bob')]
  const first = await api.post(`/inboxes/${ann.inbox_id}/messages/send`, {
    to: bob.email_address,
    bcc: 'carl@elsewhere.test',
    subject: 'Lunch',
    text: 'Noon?',
  })
  const received = await eventually(
    () => api.get(`/inboxes/${bob.inbox_id}/messages`),
    ({ body }) => body.total === 1,
  )
  const [item] = received.body.data
  expect(item).toMatchObject({ from: 'Ann <ann@posthouse.localhost>', subject: 'Lunch' })
  const raw = (await api.bytes(`/inboxes/${bob.inbox_id}/messages/${item.message_id}/eml`)).toString()
  expect(raw).not.toMatch(/^bcc:/im)
  expect(raw).not.toContain('carl@elsewhere.test')

  await api.post(`/inboxes/${bob.inbox_id}/messages/${item.message_id}/reply`, { text: 'Noon.' })
  const thread = await eventually(
    () => api.get(`/inboxes/${ann.inbox_id}/threads/${first.body.thread_id}`),
    ({ body }) => body.message_count === 2,
  )
  expect(thread.body).toMatchObject({ subject: 'Lunch', preview: 'Noon.' })

  const deliveries = await eventually(
    () => api.get(`/inboxes/${ann.inbox_id}/messages/${first.body.message_id}/deliveries`),
    ({ body }) => body.data.every((d: { status: string }) => d.status !== 'queued' && d.status !== 'sending'),
  )
  expect(deliveries.body.data.map((d: { recipient: string; status: string }) => [d.recipient, d.status])).toEqual([
    ['bob@posthouse.localhost', 'delivered'],
    ['carl@elsewhere.test', 'captured'],
  ])
})

test('a second organization sees nothing of the first', async () => {
  const { runCommand } = await import('../support/server-process.ts')
  const made = await runCommand(['org', 'create', 'Other', '--json'], folder.path)
  const other = apiClient(server.url, JSON.parse(made.stdout).api_key)
  const mine = (await api.get('/inboxes')).body.data[0]
  expect((await other.get('/inboxes')).body).toMatchObject({ data: [], total: 0 })
  expect((await other.get(`/inboxes/${mine.inbox_id}`)).status).toBe(404)
  expect((await other.get(`/inboxes/${mine.email_address}/messages`)).status).toBe(404)
  expect((await other.get('/captured')).body.total).toBe(0)
})
