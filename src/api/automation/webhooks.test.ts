import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'
import { type Receiver, startReceiver } from '../../../test/support/webhook-receiver.ts'
import { issueKey } from '../../core/accounts/keys.ts'
import { WebhookWorker } from '../../core/webhooks/worker.ts'

const BASE = '/api/v1/inbox'
let t: TestApp
let receiver: Receiver
beforeAll(async () => {
  t = await testApp({ allowNet: ['127.0.0.0/8'] })
  receiver = await startReceiver()
})
afterAll(async () => {
  await receiver[Symbol.asyncDispose]()
  await t[Symbol.asyncDispose]()
})
beforeEach(() => {
  receiver.requests.length = 0
  receiver.answer = () => ({ status: 200, body: 'thanks' })
})

async function make(webhookUrl: string | null = receiver.url, key = t.key) {
  return (await t.call('POST', BASE, { key, body: { name: 'Hooked', webhookUrl } })).body
}

async function work() {
  t.clock.advance(1)
  await using worker = new WebhookWorker(t.app)
  await worker.idle()
}

const deliveries = async (id: string, query = '') =>
  (await t.call('GET', `${BASE}/${id}/webhook-deliveries${query}`)).body
const secretOf = async (key = t.key) => (await t.call('GET', `${BASE}/webhook-secret`, { key })).body

test("a message is told in the vendor's shape, signed with the secret of the project", async () => {
  const { id, hookAddress } = await make()
  await t.mail(hookAddress, 'From: Ada <Ada@Corp.test>\nSubject: Invoice\n\nx\n')
  await work()
  const [request] = receiver.requests
  const [message] = (await t.call('GET', `${BASE}/${id}/messages`)).body
  const { fromAddress, subject, sizeBytes, receivedAt } = message
  expect(JSON.parse(request!.body)).toEqual({
    result: {
      ...{ id: message.id, inboxId: id, inboxHookAddress: hookAddress },
      ...{ fromAddress, subject, sizeBytes, receivedAt },
      ...{ isHandled: false, hasAttachments: false, attachmentCount: 0 },
    },
  })
  expect(fromAddress).toBe('ada@corp.test')
  const { headers, method } = request!
  expect(method).toBe('POST')
  expect(headers).toMatchObject({
    'content-type': 'application/json',
    'x-inbox-event': 'message.received',
    'x-inbox-delivery': expect.stringMatching(/^[0-9a-f-]{36}$/),
    'x-inbox-attempt': '1',
  })
  const { secret } = await secretOf()
  const [, seconds, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-inbox-signature'])) ?? []
  expect(createHmac('sha256', secret).update(`${seconds}.${request!.body}`).digest('hex')).toBe(signature)
})

test('what fails is tried again under the same id, and the log keeps every answer', async () => {
  receiver.answer = () => ({ status: 503, body: 'later' })
  const { id, hookAddress } = await make()
  await t.mail(hookAddress, 'Subject: retried\n\nx\n')
  await work()
  receiver.answer = () => ({ status: 200, body: 'thanks' })
  t.clock.advance(15_000)
  await work()
  const [first, second] = receiver.requests
  expect(second!.headers['x-inbox-delivery']).toBe(first!.headers['x-inbox-delivery'])
  expect(second!.headers['x-inbox-attempt']).toBe('2')
  const [delivery] = await deliveries(id)
  expect(delivery).toMatchObject({ status: 'delivered', attemptCount: 2, inboxId: id, isReplay: false })
  expect(delivery.attempts.map((a: { status: number; response: string }) => [a.status, a.response])).toEqual([
    [503, 'later'],
    [200, 'thanks'],
  ])
  expect(await deliveries(id, '?success=false')).toEqual([])
})

test('a delivery can be made again', async () => {
  const { id, hookAddress } = await make()
  await t.mail(hookAddress, 'Subject: again\n\nx\n')
  await work()
  const [delivery] = await deliveries(id)
  const path = `${BASE}/${id}/webhook-deliveries/${delivery.id}/replay`
  expect(await t.call('POST', path)).toMatchObject({ status: 201, body: { isReplay: true, status: 'pending' } })
  await work()
  expect(receiver.requests.map(({ body }) => body)).toEqual([receiver.requests[0]!.body, receiver.requests[0]!.body])
  const other = await make()
  const wrong = path.replace(id, other.id)
  expect((await t.call('POST', wrong)).status).toBe(404)
  expect((await t.call('POST', path, { key: await t.organization() })).status).toBe(404)
})

test('a new URL takes over what waits, none drops it', async () => {
  receiver.answer = () => ({ status: 500 })
  const { id, hookAddress } = await make()
  await t.mail(hookAddress, 'Subject: moved\n\nx\n')
  await work()
  await t.call('PUT', `${BASE}/${id}`, { body: { webhookUrl: `${receiver.url}/new` } })
  t.clock.advance(15_000)
  await work()
  expect(receiver.requests.map(({ path }) => path)).toEqual(['/hook', '/hook/new'])
  await t.call('PUT', `${BASE}/${id}`, { body: { webhookUrl: null } })
  t.clock.advance(120_000)
  await work()
  expect(receiver.requests).toHaveLength(2)
  expect(await deliveries(id)).toEqual([])
})

test('a message that was deleted is told no more, nor one whose time is over', async () => {
  receiver.answer = () => ({ status: 500 })
  const { id, hookAddress } = await make()
  await t.mail(hookAddress, 'Subject: short\n\nx\n')
  await work()
  const [message] = (await t.call('GET', `${BASE}/${id}/messages`)).body
  await t.call('DELETE', `${BASE}/${id}/messages/${message.id}`)
  t.clock.advance(15_000)
  await work()
  expect(receiver.requests).toHaveLength(1)
  expect((await deliveries(id))[0]).toMatchObject({ status: 'cancelled', nextAttemptAt: null })
})

test('nothing is told of a mail that was not let in, nor twice of the same bytes', async () => {
  const { id, hookAddress } = await make()
  await t.call('PUT', `${BASE}/${id}`, { body: { allowedFromEmails: 'friend@corp.test' } })
  await t.mail(hookAddress, 'From: foe@corp.test\nSubject: x\n\nx\n')
  const friendly = 'From: friend@corp.test\nSubject: y\n\ny\n'
  await t.mail(hookAddress, friendly)
  await t.mail(hookAddress, friendly)
  await work()
  expect(receiver.requests).toHaveLength(1)
})

describe('the secret', () => {
  test('is one for the project, and after a rotation both sign for a day', async () => {
    const key = await t.organization()
    const { hookAddress } = await make(receiver.url, key)
    const before = await secretOf(key)
    expect(before).toEqual({ secret: expect.stringMatching(/^[0-9a-f]{64}$/), previousSecret: null })
    const after = (await t.call('POST', `${BASE}/webhook-secret/rotate`, { key })).body
    expect(after.previousSecret).toBe(before.secret)
    await t.mail(hookAddress, 'Subject: two\n\nx\n')
    await work()
    const field = String(receiver.requests[0]!.headers['x-inbox-signature'])
    expect(field.match(/v1=/g)).toHaveLength(2)
    t.clock.advance(24 * 3_600_000)
    expect(await secretOf(key)).toEqual({ secret: after.secret, previousSecret: null })
    expect(await secretOf()).not.toMatchObject({ secret: after.secret })
  })

  test('is for admin keys only', async () => {
    const { scopeId } = (await t.call('GET', '/api/v1/whoami')).body
    const { text: key } = await issueKey(t.app, scopeId, { name: 'writer', scopes: ['read', 'write'] })
    expect((await t.call('GET', `${BASE}/webhook-secret`, { key })).status).toBe(403)
    expect((await t.call('POST', `${BASE}/webhook-secret/rotate`, { key })).status).toBe(403)
  })
})
