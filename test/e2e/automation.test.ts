import { createTransport } from 'nodemailer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { apiClient, eventually } from '../support/api-client.ts'
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/server-process.ts'
import { type Receiver, startReceiver } from '../support/webhook-receiver.ts'

const folder = temporaryFolder()
let server: ServerProcess
let receiver: Receiver

beforeAll(async () => {
  receiver = await startReceiver()
  server = await startServerProcess(folder.path, { POSTHOUSE_ALLOW_NET: '127.0.0.0/8' })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await receiver[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

async function call(method: string, path: string, body?: unknown) {
  const response = await fetch(`${server.url}/api/v1/inbox${path}`, {
    method,
    headers: { authorization: `Bearer ${server.apiKey}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, headers: response.headers, body: JSON.parse((await response.text()) || 'null') }
}

const smtp = () =>
  createTransport({ host: '127.0.0.1', port: server.smtpPort, secure: false, tls: { rejectUnauthorized: false } })

test('a workflow makes an inbox, hears of its mail, takes it, gets its file, and cleans up', async () => {
  const made = await call('POST', '', { name: 'Invoice intake', ttlDays: 30, webhookUrl: receiver.url })
  expect(made.status).toBe(201)
  const { id, hookAddress } = made.body
  await smtp().sendMail({
    from: 'Supplier <billing@supplier.test>',
    to: hookAddress,
    subject: 'Invoice 17',
    text: 'See attachment',
    attachments: [{ filename: 'invoice-17.pdf', content: Buffer.from('%PDF-1.4'), contentType: 'application/pdf' }],
  })
  await receiver.arrived(1)
  const { result } = JSON.parse(receiver.requests[0]?.body ?? '{}')
  expect(result).toMatchObject({
    inboxId: id,
    inboxHookAddress: hookAddress,
    subject: 'Invoice 17',
    attachmentCount: 1,
  })

  const polled = await call('GET', `/${id}/messages?isHandled=false&limit=10`)
  expect(polled.headers.get('x-total-count')).toBe('1')
  expect(polled.body).toMatchObject([{ id: result.id, bodyText: 'See attachment', isHandled: false }])
  const file = await fetch(polled.body[0].attachments[0].downloadUrl)
  expect(await file.text()).toBe('%PDF-1.4')

  // The same mailbox, with the same mail, in another API.
  const agents = apiClient(server.url, server.apiKey ?? '')
  expect((await agents.get(`/inboxes/${hookAddress}/messages`)).body.data).toMatchObject([{ subject: 'Invoice 17' }])

  expect((await call('DELETE', `/${id}`)).body.error.code).toBe('UNHANDLED_MESSAGES')
  expect((await call('POST', `/${id}/messages/handle`)).body).toMatchObject({
    handledCount: 1,
    items: [{ id: result.id }],
  })
  await eventually(
    () => call('GET', `/${id}/webhook-deliveries`),
    ({ body }) => body[0]?.status === 'delivered',
  )
  expect((await call('DELETE', `/${id}`)).body).toEqual({ id, hookAddress })
  await expect(smtp().sendMail({ from: 'a@supplier.test', to: hookAddress, text: 'x' })).rejects.toMatchObject({
    responseCode: 550,
  })
})

test('the reference tells of it', async () => {
  const document = await (await fetch(`${server.url}/openapi/automation.json`)).json()
  expect(Object.keys(document.paths)).toContain('/inbox/{id}/messages/handle')
  expect(document.servers[0].url).toMatch(/\/api\/v1$/)
})
