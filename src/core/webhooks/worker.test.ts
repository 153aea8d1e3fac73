import { Webhook as Standard } from 'standardwebhooks'
import { Webhook as Svix } from 'svix'
import { expect, test } from 'vitest'
import { webhookBench } from '../../../test/support/webhook-bench.ts'
import { gate, type Received, startReceiver } from '../../../test/support/webhook-receiver.ts'
import { replayWebhookDelivery, testWebhook } from './deliveries.ts'
import { deleteWebhook, rotateWebhookSecret, updateWebhook, updateWebhookHeaders } from './webhooks.ts'
import { WebhookWorker } from './worker.ts'

const ids = (requests: Received[]) => new Set(requests.map((r) => r.headers['webhook-id']))

function verifies(secret: string, { body, headers }: Received): boolean {
  try {
    const told = headers as Record<string, string>
    expect(new Standard(secret).verify(body, told)).toEqual(JSON.parse(body))
    expect(new Svix(secret).verify(body, told)).toEqual(JSON.parse(body))
    return true
  } catch {
    return false
  }
}

test('an event is posted at once, signed so that both public libraries accept it', async () => {
  await using receiver = await startReceiver(() => ({ status: 200, body: 'thanks' }))
  await using bench = await webhookBench()
  const { webhook, secret } = await bench.webhook(receiver.url)
  expect(secret).toMatch(/^[0-9a-f]{64}$/)
  await bench.mail()
  await bench.worker.idle()
  const [request] = receiver.requests
  expect(request).toMatchObject({ method: 'POST', path: '/hook' })
  expect(request?.headers).toMatchObject({ 'content-type': 'application/json', 'x-attempt': '1' })
  expect(verifies(secret, request!)).toBe(true)
  expect(verifies(`whsec_${secret}`, request!)).toBe(true)
  const [delivery] = await bench.log(webhook)
  expect(delivery).toMatchObject({ state: 'delivered', attemptCount: 1, leaseUntil: null, nextAttemptAt: null })
  expect(delivery?.attempts).toMatchObject([{ status: 200, error: null, answer: 'thanks', url: receiver.url }])
})

test('a failed delivery comes again under the same id with a fresh timestamp, until it is taken', async () => {
  await using receiver = await startReceiver(() => ({ status: 500, body: 'x'.repeat(5000) }))
  await using bench = await webhookBench()
  const { webhook, secret } = await bench.webhook(receiver.url)
  await bench.mail()
  await bench.worker.idle()
  await bench.advance(4_400)
  expect(receiver.requests).toHaveLength(1)
  await bench.advance(1_200)
  expect(receiver.requests).toHaveLength(2)
  receiver.answer = () => ({ status: 204 })
  await bench.advance(331_000)
  await bench.advance(86_400_000)
  expect(receiver.requests.map((r) => r.headers['x-attempt'])).toEqual(['1', '2', '3'])
  expect(ids(receiver.requests).size).toBe(1)
  expect(new Set(receiver.requests.map((r) => r.headers['webhook-timestamp'])).size).toBe(3)
  expect(verifies(secret, receiver.requests[1]!)).toBe(true)
  const [delivery] = await bench.log(webhook)
  expect(delivery).toMatchObject({ state: 'delivered', attemptCount: 3 })
  expect(delivery?.attempts.map((a) => [a.status, a.answer.length])).toEqual([
    [500, 1024],
    [500, 1024],
    [204, 0],
  ])
})

test('a redirect is a failure and is not followed', async () => {
  await using inside = await startReceiver()
  await using receiver = await startReceiver(() => ({ status: 302, headers: { location: inside.url } }))
  await using bench = await webhookBench()
  const { webhook } = await bench.webhook(receiver.url)
  await bench.mail()
  await bench.worker.idle()
  expect((await bench.log(webhook))[0]).toMatchObject({ state: 'pending', attempts: [{ status: 302 }] })
  expect(inside.requests).toEqual([])
})

test('410 stops at once and switches the webhook off; Retry-After is waited for', async () => {
  await using gone = await startReceiver(() => ({ status: 410 }))
  await using busy = await startReceiver(() => ({ status: 429, headers: { 'retry-after': '120' } }))
  await using bench = await webhookBench()
  const first = await bench.webhook(gone.url)
  const second = await bench.webhook(busy.url)
  await bench.mail()
  await bench.worker.idle()
  const { get } = bench.app.store.read.webhooks
  expect(await get(bench.caller.orgId, first.webhook.id)).toMatchObject({ enabled: false, disabledReason: 'gone' })
  expect((await bench.log(first.webhook))[0]?.state).toBe('dead')
  await bench.advance(119_000)
  expect(busy.requests).toHaveLength(1)
  await bench.advance(1_000)
  expect(busy.requests).toHaveLength(2)
  expect((await bench.log(second.webhook))[0]?.attemptCount).toBe(2)
})

test('a slow receiver holds its own slots only: everybody else is served meanwhile', async () => {
  const held = gate()
  await using slow = await startReceiver(async () => {
    await held.opened
    return { status: 200 }
  })
  await using quick = await startReceiver()
  await using bench = await webhookBench()
  await bench.webhook(slow.url)
  await bench.webhook(quick.url)
  await bench.mail(40)
  await quick.arrived(40)
  await slow.arrived(5)
  expect(slow.requests).toHaveLength(5)
  expect(quick.peak).toBeLessThanOrEqual(5)
  held.open()
  await bench.worker.idle()
  expect(slow.requests).toHaveLength(40)
  expect(slow.peak).toBe(5)
})

test('automation webhooks of one host share four slots', async () => {
  await using receiver = await startReceiver()
  await using bench = await webhookBench()
  const fields = { style: 'automation' as const, mailboxes: [bench.box.id] }
  await bench.webhook(`${receiver.url}/a`, fields)
  await bench.webhook(`${receiver.url}/b`, fields)
  await bench.mail(20)
  await bench.worker.idle()
  expect(receiver.requests).toHaveLength(40)
  expect(receiver.peak).toBeLessThanOrEqual(4)
})

test('a thousand events reach three webhooks, each once', async () => {
  await using receiver = await startReceiver()
  await using bench = await webhookBench()
  const webhooks = []
  for (const path of ['a', 'b', 'c']) webhooks.push(await bench.webhook(`${receiver.url}/${path}`))
  const start = performance.now()
  await bench.mail(1000)
  await bench.worker.idle()
  const seconds = (performance.now() - start) / 1000
  console.log(`1,000 events × 3 webhooks: ${Math.round(3000 / seconds)} deliveries/s`)
  expect(receiver.requests).toHaveLength(3000)
  expect(ids(receiver.requests).size).toBe(3000)
  expect(receiver.peak).toBeLessThanOrEqual(15)
  for (const { webhook } of webhooks) {
    const states = (await bench.log(webhook)).map((d) => d.state)
    expect(states).toEqual(Array(1000).fill('delivered'))
  }
})

test('two workers over one store give each event once', async () => {
  await using receiver = await startReceiver()
  await using bench = await webhookBench()
  await using second = new WebhookWorker(bench.app)
  await bench.webhook(receiver.url)
  await bench.mail(200)
  await bench.worker.idle()
  await second.idle()
  await bench.worker.idle()
  expect(receiver.requests).toHaveLength(200)
  expect(ids(receiver.requests).size).toBe(200)
  expect(receiver.peak).toBeLessThanOrEqual(5)
})

test('for a day after a rotation holders of either secret verify, then only those of the new one', async () => {
  await using receiver = await startReceiver()
  await using bench = await webhookBench()
  const { webhook, secret: old } = await bench.webhook(receiver.url)
  const fresh = await rotateWebhookSecret(bench.app, bench.caller, webhook.id)
  await bench.mail()
  await bench.worker.idle()
  expect([old, fresh].map((secret) => verifies(secret, receiver.requests[0]!))).toEqual([true, true])
  await bench.advance(86_400_000)
  await bench.mail()
  await bench.worker.idle()
  const signatures = String(receiver.requests[1]?.headers['webhook-signature']).split(' ')
  expect(signatures).toHaveLength(1)
})

test('custom headers go with every request and never replace ours', async () => {
  await using receiver = await startReceiver()
  await using bench = await webhookBench()
  const headers = { 'X-Token': 'first', Authorization: 'Bearer abc', 'x-attempt': 'forged' }
  const { webhook } = await bench.webhook(receiver.url, { headers })
  expect(webhook.headerNames).toEqual(['X-Token', 'Authorization', 'x-attempt'])
  expect(JSON.stringify(webhook)).not.toContain('abc')
  await updateWebhookHeaders(bench.app, bench.caller, webhook.id, { set: { 'x-token': 'second' }, remove: ['none'] })
  await bench.mail()
  await bench.worker.idle()
  expect(receiver.requests[0]?.headers).toMatchObject({
    ...{ 'x-token': 'second', authorization: 'Bearer abc', 'x-attempt': '1' },
  })
})

test('what waits for a deleted webhook or tells of a deleted message is dropped', async () => {
  await using receiver = await startReceiver(() => ({ status: 500 }))
  await using bench = await webhookBench()
  const deleted = await bench.webhook(receiver.url)
  const kept = await bench.webhook(receiver.url)
  await bench.mail()
  await bench.worker.idle()
  await deleteWebhook(bench.app, bench.caller, deleted.webhook.id)
  const [delivery] = await bench.log(kept.webhook)
  const { orgId, mailboxId, threadId } = delivery!.event
  await bench.app.store.run('threads.delete', { orgId, mailboxId: mailboxId!, id: threadId! })
  await bench.advance(6_000)
  await bench.advance(400_000)
  expect(receiver.requests).toHaveLength(2)
  expect((await bench.log(kept.webhook)).map((d) => d.state)).toEqual(['cancelled'])
  expect((await bench.log(deleted.webhook)).map((d) => d.state)).toEqual(['cancelled'])
})

test('a test sends a sample of each topic, a replay the same event again', async () => {
  await using receiver = await startReceiver()
  await using bench = await webhookBench()
  const { webhook } = await bench.webhook(receiver.url, { topics: ['message.received', 'message.bounced'] })
  await testWebhook(bench.app, bench.caller, webhook.id)
  await receiver.arrived(2)
  await bench.worker.idle()
  const samples = receiver.requests.map((r) => JSON.parse(r.body))
  expect(samples.map((s) => [s.topic, s.test, s.messageId]).sort()).toEqual([
    ['message.bounced', true, null],
    ['message.received', true, null],
  ])
  await bench.mail()
  await bench.worker.idle()
  const [delivered] = await bench.log(webhook)
  await replayWebhookDelivery(bench.app, bench.caller, delivered!.id)
  await receiver.arrived(4)
  expect(receiver.requests[3]?.body).toBe(receiver.requests[2]?.body)
  expect(receiver.requests[3]?.headers['webhook-id']).toBe(receiver.requests[2]?.headers['webhook-id'])
})

test('a renderer that breaks costs an attempt and nothing else', async () => {
  await using receiver = await startReceiver()
  await using bench = await webhookBench({ renderers: [] })
  const { webhook } = await bench.webhook(receiver.url)
  await bench.mail()
  await bench.worker.idle()
  expect((await bench.log(webhook))[0]).toMatchObject({ state: 'pending', attempts: [{ error: 'render' }] })
})

test('at shutdown what has no answer is given back, and the next worker sends it at once', async () => {
  const held = gate()
  await using receiver = await startReceiver(async () => {
    await held.opened
    return { status: 200 }
  })
  await using bench = await webhookBench()
  const { webhook } = await bench.webhook(receiver.url)
  await bench.mail(7)
  await receiver.arrived(5)
  const closing = bench.worker[Symbol.asyncDispose]()
  // The moment that a shutdown waits for answers begins when the loop has ended.
  const closed = closing.then(() => true)
  while (!(await Promise.race([closed, new Promise<false>((resolve) => setImmediate(() => resolve(false)))]))) {
    bench.test.clock.advance(1_000)
  }
  expect((await bench.log(webhook)).map((d) => [d.state, d.leaseUntil, d.attemptCount])).toEqual(
    Array(7).fill(['pending', null, 0]),
  )
  held.open()
  receiver.answer = () => ({ status: 200 })
  await using next = new WebhookWorker(bench.app)
  await next.idle()
  expect((await bench.log(webhook)).map((d) => d.state)).toEqual(Array(7).fill('delivered'))
})

test('events while a webhook is disabled are not for it, not even later', async () => {
  await using receiver = await startReceiver()
  await using bench = await webhookBench()
  const { webhook } = await bench.webhook(receiver.url)
  await updateWebhook(bench.app, bench.caller, webhook.id, { enabled: false })
  await bench.mail(3)
  await bench.worker.idle()
  await updateWebhook(bench.app, bench.caller, webhook.id, { enabled: true })
  await bench.mail(2)
  await bench.worker.idle()
  expect(receiver.requests).toHaveLength(2)
})
