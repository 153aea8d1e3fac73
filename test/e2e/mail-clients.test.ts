import { createTransport } from 'nodemailer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ApiClient, apiClient, eventually } from '../support/api-client.ts'
import type { Missing } from '../support/debian.ts'
import { type Account, findCurl, findMsmtp, findSwaks, type MailClient } from '../support/mail-clients.ts'
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/server-process.ts'

let server: ServerProcess
let api: ApiClient
let account: Account
const folder = temporaryFolder()

beforeAll(async () => {
  server = await startServerProcess(folder.path)
  api = apiClient(server.url, server.apiKey ?? '')
  for (const username of ['sender', 'reader']) await api.post('/inboxes', { username })
  const from = 'sender@posthouse.localhost'
  account = { port: server.submissionPort, username: from, password: server.apiKey ?? '', from }
}, 60_000)
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

/** The raw mail that arrived under this subject. */
async function arrived(subject: string): Promise<string> {
  const inbox = '/inboxes/reader@posthouse.localhost'
  const query = `${inbox}/messages?subject=${encodeURIComponent(subject)}`
  const { body } = await eventually(
    () => api.get(query),
    (answer) => answer.body.data?.length > 0,
  )
  return (await api.bytes(`${inbox}/messages/${body.data[0].message_id}/eml`)).toString()
}

test('nodemailer sends over the submission port', async () => {
  const { port, username: user, password: pass, from } = account
  const tls = { rejectUnauthorized: false }
  const transport = createTransport({
    host: '127.0.0.1',
    port,
    secure: false,
    requireTLS: true,
    tls,
    auth: { user, pass },
  })
  const bcc = 'hidden@example.com'
  await transport.sendMail({ from, to: 'reader@posthouse.localhost', bcc, subject: 'by nodemailer', text: 'Hello' })
  const wrong = createTransport({ host: '127.0.0.1', port, secure: false, tls, auth: { user, pass: 'wrong' } })
  await expect(wrong.verify()).rejects.toMatchObject({ responseCode: 535 })
  const raw = await arrived('by nodemailer')
  expect(raw).toContain('Received: by mail.posthouse.localhost with ESMTPSA;')
  expect(raw).not.toContain('hidden@example.com')
  expect(raw).toMatch(/^DKIM-Signature: [\s\S]*d=posthouse\.localhost/)
})

const clients: [string, () => Promise<MailClient | Missing>][] = [
  ['swaks', findSwaks],
  ['msmtp', findMsmtp],
  ['curl', findCurl],
]

test.each(clients)('%s sends over the submission port', { timeout: 180_000 }, async (name, find) => {
  const client = await find()
  if ('missing' in client) {
    console.log(`skipped: ${client.missing}`)
    return
  }
  const lines = [`From: <${account.from}>`, 'To: <reader@posthouse.localhost>', `Subject: by ${name}`, '', 'Hello']
  const mail = `${lines.join('\n')}\n`
  await client.send(account, 'reader@posthouse.localhost', mail)
  const raw = await arrived(`by ${name}`)
  expect(raw).toMatch(/\r\nDate: /)
  expect(raw).toMatch(/\r\nMessage-ID: </i)
  await expect(client.send({ ...account, password: 'wrong' }, 'reader@posthouse.localhost', mail)).rejects.toThrow()
  await expect(
    client.send({ ...account, from: 'else@example.com' }, 'reader@posthouse.localhost', mail),
  ).rejects.toThrow()
})
