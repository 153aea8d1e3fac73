import { createTransport } from 'nodemailer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/server-process.ts'

let server: ServerProcess
const folder = temporaryFolder()
beforeAll(async () => {
  server = await startServerProcess(folder.path)
}, 60_000)
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

// biome-ignore lint/suspicious/noExplicitAny: answers of every shape
async function call(method: string, path: string, body?: unknown): Promise<any> {
  const response = await fetch(server.url + path, {
    method,
    headers: { authorization: `Bearer ${server.apiKey}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  return response.json()
}

test('an application sends with the credentials of one inbox, and the code is read in another', async () => {
  const [sender, reader] = [await call('POST', '/v1/inboxes', { label: 'app' }), await call('POST', '/v1/inboxes')]
  const { url, port } = await call('POST', `/v1/inboxes/${sender.id}/smtp-credentials`)
  expect(port).toBe(server.submissionPort)
  const { username: user, password: pass } = new URL(url)
  const tls = { rejectUnauthorized: false }
  const mailer = createTransport({
    host: '127.0.0.1',
    port,
    secure: false,
    requireTLS: true,
    tls,
    auth: { user, pass },
  })
  const waiting = call('GET', `/v1/inboxes/${reader.id}/wait?has=code`)
  await mailer.sendMail({ from: sender.address, to: reader.address, subject: 'Your code', text: 'Your code is 498212' })
  const { message } = await waiting
  expect(message).toMatchObject({ from: sender.address, to: [reader.address], codes: [{ value: '498212' }] })
  const { items } = await call('GET', '/v1/messages/outbound')
  expect(items).toMatchObject([{ via: 'smtp', inboxId: sender.id, status: 'sent', to: [reader.address] }])
})

test('a send over HTTP is answered when it was delivered, and stands in the history', async () => {
  const [sender, reader] = [await call('POST', '/v1/inboxes'), await call('POST', '/v1/inboxes')]
  const sent = await call('POST', '/v1/messages', {
    ...{ from: sender.address, to: reader.address, subject: 'Hi', html: '<p onclick="x">Hello</p>' },
  })
  expect(sent.ok).toBe(true)
  const [record] = (await call('GET', '/v1/messages/outbound?limit=1')).items
  expect(record).toMatchObject({ outboundId: sent.outboundId, status: 'sent', sentAt: expect.any(String) })
  const { message } = await call('GET', `/v1/inboxes/${reader.id}/wait?timeout=5`)
  expect(message).toMatchObject({ messageId: sent.messageId, textBody: 'Hello', htmlBody: '<p>Hello</p>' })
  const refused = await call('POST', '/v1/messages', {
    ...{ from: sender.address, to: `nobody@${sender.domain}`, subject: 'Hi', text: 'Hello' },
  })
  expect(refused).toMatchObject({ ok: false, error: expect.any(String) })
})
