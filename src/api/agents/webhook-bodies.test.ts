import { createHmac } from 'node:crypto'
import { Webhook as Standard } from 'standardwebhooks'
import { Webhook as Svix } from 'svix'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { fakeResolver } from '../../../test/fakes/dns-zone.ts'
import { type TestApp, testApp } from '../../../test/support/app.ts'
import { bounceMail, complaintMail } from '../../../test/support/outbound.ts'
import { publish } from '../../../test/support/published.ts'
import { type Received, type Receiver, startReceiver } from '../../../test/support/webhook-receiver.ts'
import { WebhookWorker } from '../../core/webhooks/worker.ts'
import { eventTypes } from './webhooks.ts'

const HOUR = 3_600_000

let t: TestApp
let receiver: Receiver
let box: { inbox_id: string; email_address: string }
let hook: { webhook_id: string; secret: string }
let serial = 0

beforeAll(async () => {
  // Receivers' libraries refuse timestamps that are not of today.
  t = await testApp({ allowNet: ['127.0.0.0/8'], start: Date.now(), settings: { route: { kind: 'direct' } } })
})
afterAll(() => t[Symbol.asyncDispose]())

beforeEach(async () => {
  receiver = await startReceiver()
  box = (await t.call('POST', '/api/v0/inboxes', { body: { username: `box-${++serial}` } })).body
  hook = await subscribe({ inbox_ids: [box.inbox_id] })
  t.handedOver.length = 0
  return async () => {
    await t.call('DELETE', `/api/v0/webhooks/${hook.webhook_id}`)
    await receiver[Symbol.asyncDispose]()
  }
})

const subscribe = async (fields: object = {}) => {
  const body = { url: receiver.url, event_types: eventTypes, ...fields }
  return (await t.call('POST', '/api/v0/webhooks', { body })).body
}
const call = (method: string, path: string, body?: object) =>
  t.call(method, `/api/v0/webhooks/${hook.webhook_id}${path}`, body ? { body } : {})

/** Lets mail and webhooks do all they have to do by now. */
async function work() {
  await t.work()
  await using worker = new WebhookWorker(t.app)
  await worker.idle()
}

/** What arrived since the last look, each verified with both libraries and by hand. */
function arrived(secret = hook.secret) {
  return receiver.requests.splice(0).map((request) => verified(request, secret))
}

// biome-ignore lint/suspicious/noExplicitAny: JSON of every shape
type Arrived = Record<string, any> & { headers: Record<string, string> }

function verified({ body, headers }: Received, secret: string): Arrived {
  const fields = headers as Record<string, string>
  for (const shown of [secret, `whsec_${secret}`]) {
    expect(new Standard(shown).verify(body, fields)).toEqual(JSON.parse(body))
    expect(new Svix(shown).verify(body, fields)).toEqual(JSON.parse(body))
  }
  const svixOnly = Object.fromEntries(Object.entries(fields).filter(([name]) => !name.startsWith('webhook-')))
  expect(new Svix(secret).verify(body, svixOnly)).toEqual(JSON.parse(body))
  const plain = createHmac('sha256', secret).update(body).digest('hex')
  expect(fields['x-agentmail-signature']).toBe(`sha256=${plain}`)
  return { ...JSON.parse(body), headers: fields }
}

const send = async (...to: string[]) => {
  const body = { to: to.slice(0, 1), bcc: to.slice(1), subject: 'Notes', text: 'On the engine' }
  const sent = await t.call('POST', `/api/v0/inboxes/${box.inbox_id}/messages/send`, { body })
  await work()
  return { inbox_id: box.inbox_id, ...sent.body }
}
const envelope = (event_type: string) => ({
  ...{ type: 'event', event_type, event_id: expect.stringMatching(/^evt_[0-9a-z]{26}$/) },
  created_at: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
})
const without = ({ headers: _, ...event }: Arrived) => event

describe('message.received', () => {
  test('brings the whole message and its thread, as the API shows them', async () => {
    await t.mail(box.email_address, 'From: Ada <ada@example.com>\nSubject: Grüße\nMessage-ID: <a@b.c>\n\nHello 🙂')
    await work()
    const [event, ...others] = arrived()
    expect(others).toEqual([])
    const path = `/api/v0/inboxes/${box.inbox_id}`
    const { data: messages } = (await t.call('GET', `${path}/messages`)).body
    const message = (await t.call('GET', `${path}/messages/${messages[0].message_id}`)).body
    const thread = (await t.call('GET', `${path}/threads`)).body.data[0]
    expect(without(event!)).toEqual({ ...envelope('message.received'), message, thread })
    expect(message.text).toBe('Hello 🙂')
  })

  test('comes with the header fields of both libraries, and says what it is', async () => {
    await t.mail(box.email_address, 'From: ada@example.com\n\nHello')
    await work()
    const [event] = arrived()
    expect(event?.headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': expect.stringMatching(/^Posthouse\/\d+\.\d+\.\d+/),
      'webhook-id': expect.stringContaining(event?.event_id),
      'svix-id': event?.headers['webhook-id'],
      'svix-timestamp': event?.headers['webhook-timestamp'],
      'svix-signature': event?.headers['webhook-signature'],
      'x-agentmail-event': 'message.received',
      'x-agentmail-attempt': '1',
    })
    expect(event?.headers['webhook-id']).not.toContain('.')
  })

  test('over a megabyte it comes without its texts, and says so', async () => {
    const text = 'The engine weaves. '.repeat(60_000)
    await t.mail(box.email_address, `From: ada@example.com\nSubject: Long\n\n${text}`)
    await work()
    const [request] = receiver.requests
    expect(request?.body.length).toBeLessThan(1024 * 1024)
    const [event] = arrived()
    expect(event).toMatchObject({
      truncated: true,
      message: { truncated: true, subject: 'Long', from: 'ada@example.com' },
    })
    for (const name of ['text', 'html', 'extracted_text', 'extracted_html']) {
      expect(event?.message).not.toHaveProperty(name)
    }
  })

  test('nothing in a mail makes it larger than that', async () => {
    const headers = Array.from({ length: 1900 }, (_, n) => `X-Field-${n}: ${'x'.repeat(700)}`).join('\n')
    const to = Array.from({ length: 1900 }, (_, n) => `"${'ü'.repeat(60)}" <someone-${n}@example.com>`).join(',\n ')
    await t.mail(box.email_address, `From: ada@example.com\nTo: ${to}\nCc: ${to}\nReply-To: ${to}\n${headers}\n\nHello`)
    await work()
    const [request] = receiver.requests
    expect(Buffer.byteLength(request?.body ?? '')).toBeLessThanOrEqual(1024 * 1024)
    expect(arrived()[0]).toMatchObject({ truncated: true, message: { inbox_id: box.inbox_id } })
  })

  test('attachments come as descriptions, not as bytes', async () => {
    const part = 'Content-Type: text/csv; name=a.csv\nContent-Disposition: attachment; filename=a.csv\n\nsecret,bytes'
    await t.mail(box.email_address, `From: ada@example.com\n${part}\n`)
    await work()
    const [request] = receiver.requests
    expect(request?.body).not.toContain('secret,bytes')
    expect(arrived()[0]?.message.attachments).toMatchObject([{ filename: 'a.csv', content_type: 'text/csv' }])
  })

  test('tells nothing any more when the message is deleted first', async () => {
    await t.mail(box.email_address, 'From: ada@example.com\n\nHello')
    const [thread] = (await t.call('GET', `/api/v0/inboxes/${box.inbox_id}/threads`)).body.data
    await t.call('DELETE', `/api/v0/inboxes/${box.inbox_id}/threads/${thread.thread_id}`)
    await work()
    expect(arrived()).toEqual([])
    expect((await call('GET', '/deliveries')).body.data).toMatchObject([{ status: 'cancelled', attempts: [] }])
  })
})

describe('what becomes of sent mail', () => {
  const timestamp = expect.stringMatching(/\.\d{3}Z$/)

  test('sent names all recipients, Bcc included; delivered those that got it', async () => {
    const here = (await t.call('POST', '/api/v0/inboxes', { body: { username: `near-${serial}` } })).body
    const ids = await send('ada@example.com', here.email_address)
    const events = arrived().map(without)
    const sent = { ...ids, timestamp, recipients: ['ada@example.com', here.email_address] }
    expect(events).toHaveLength(2)
    expect(events).toEqual(
      expect.arrayContaining([
        { ...envelope('message.sent'), send: sent },
        { ...envelope('message.delivered'), delivery: { ...sent, recipients: [here.email_address] } },
      ]),
    )
  })

  test('bounced says for whom and why', async () => {
    const refused = { result: 'permanent', host: 'mx', replyCode: 550, enhancedCode: '5.1.1', text: 'Unknown' } as const
    t.answers.set('gone@example.com', refused)
    const ids = await send('gone@example.com')
    const bounce = { ...ids, timestamp, type: 'Permanent', sub_type: 'NoEmail' }
    expect(arrived().map(without)).toEqual([
      {
        ...envelope('message.bounced'),
        bounce: { ...bounce, recipients: [{ address: 'gone@example.com', status: '5.1.1' }] },
      },
    ])
  })

  test('where one recipient is refused and another is not, both are told', async () => {
    const refused = { result: 'permanent', host: 'mx', replyCode: 550, enhancedCode: '5.2.2', text: 'Full' } as const
    t.answers.set('full@one.example', refused)
    await send('full@one.example', 'fine@two.example')
    expect(
      arrived()
        .map((e) => e.event_type)
        .sort(),
    ).toEqual(['message.bounced', 'message.sent'])
  })

  test('bounced and complained come by reports too', async () => {
    await send('late@example.com')
    await t.mail(t.handedOver.at(-1)?.mailFrom ?? '', bounceMail('late@example.com'), { mailFrom: '' })
    await send('angry@example.com')
    await t.mail(t.handedOver.at(-1)?.mailFrom ?? '', complaintMail('angry@example.com'), { mailFrom: '' })
    await work()
    const events = arrived()
    expect(events.find((e) => e.event_type === 'message.bounced')?.bounce).toMatchObject({
      recipients: [{ address: 'late@example.com', status: '5.1.1' }],
    })
    expect(events.find((e) => e.event_type === 'message.complained')).toMatchObject({
      complaint: { inbox_id: box.inbox_id, type: 'abuse', sub_type: null, recipients: ['angry@example.com'] },
    })
    expect(events.filter((e) => e.event_type === 'message.received')).toHaveLength(2)
  })

  test('rejected says why', async () => {
    const body = { to: 'nobody@example.com', text: 'x' }
    const sent = await t.call('POST', `/api/v0/inboxes/${box.inbox_id}/messages/send`, { body })
    const [delivery] = await t.app.store.read.outbound.ofMessage(
      (await t.app.store.read.messages.list((await mailbox()).id, {}, { limit: 1 })).items[0]!.id,
    )
    const { orgId } = delivery!
    const suppressed = { orgId, address: 'nobody@example.com', reason: 'manual' as const }
    await t.app.store.run('suppressions.add', { ...suppressed, deliveryId: null })
    await work()
    expect(arrived().map(without)).toEqual([
      {
        ...envelope('message.rejected'),
        reject: { inbox_id: box.inbox_id, ...sent.body, timestamp, reason: 'suppressed' },
      },
    ])
  })

  const mailbox = async () => (await t.app.store.read.mailboxes.byAddress(box.email_address))!
})

describe('domain.verified', () => {
  test('brings the domain, to webhooks for all inboxes only', async () => {
    const everything = await subscribe({ client_id: 'everything' })
    const made = (await t.call('POST', '/api/v0/domains', { body: { domain: 'told.example' } })).body
    t.app.freshResolver = fakeResolver(publish(...made.records))
    const domain = (await t.call('POST', '/api/v0/domains/told.example/verify')).body
    expect(domain.status).toBe('VERIFIED')
    await work()
    expect(arrived(everything.secret).map(without)).toEqual([{ ...envelope('domain.verified'), domain }])
    await t.call('DELETE', `/api/v0/webhooks/${everything.webhook_id}`)
  })
})

describe('attempts', () => {
  const mailAndWork = async () => {
    await t.mail(box.email_address, 'From: ada@example.com\n\nHello')
    await work()
  }

  test('of one event bear one id, new times and their number', async () => {
    receiver.answer = () => ({ status: 500, body: 'Not today' })
    await mailAndWork()
    t.clock.advance(6_000)
    receiver.answer = () => ({ status: 200, body: 'Thank you' })
    await work()
    const [first, second, ...more] = arrived()
    expect(more).toEqual([])
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
    expect(second?.event_id).toBe(first?.event_id)
    expect(second?.headers['webhook-timestamp']).not.toBe(first?.headers['webhook-timestamp'])
    expect([first, second].map((e) => e?.headers['x-agentmail-attempt'])).toEqual(['1', '2'])

    const log = (await call('GET', '/deliveries')).body
    const attempt = { url: receiver.url, error: null, at: expect.stringMatching(/Z$/), duration_ms: expect.any(Number) }
    expect(log).toEqual({
      data: [
        {
          delivery_id: expect.stringMatching(/^whd_[0-9a-z]{26}$/),
          webhook_id: hook.webhook_id,
          event_id: first?.event_id,
          ...{ event_type: 'message.received', status: 'delivered', test: false, replay: false },
          ...{ attempt_count: 2, next_attempt_at: null },
          attempts: [
            { ...attempt, status: 500, answer: 'Not today' },
            { ...attempt, status: 200, answer: 'Thank you' },
          ],
          created_at: expect.stringMatching(/Z$/),
          updated_at: expect.stringMatching(/Z$/),
        },
      ],
      ...{ total: 1, page: 1, page_size: 20 },
    })
  })

  test('two webhooks with one receiver are told under two ids', async () => {
    const twin = await subscribe({ inbox_ids: [box.inbox_id] })
    await mailAndWork()
    const ids = receiver.requests.splice(0).map((r) => r.headers['webhook-id'])
    expect(new Set(ids).size).toBe(2)
    await t.call('DELETE', `/api/v0/webhooks/${twin.webhook_id}`)
  })

  test('the log is filtered by event type and by success', async () => {
    await mailAndWork()
    receiver.answer = () => ({ status: 404 })
    await send('ada@example.com')
    const types = async (query: string) =>
      (await call('GET', `/deliveries?${query}`)).body.data.map((d: { event_type: string }) => d.event_type)
    expect(await types('')).toEqual(['message.sent', 'message.received'])
    expect(await types('event_type=message.received')).toEqual(['message.received'])
    expect(await types('success=true')).toEqual(['message.received'])
    expect(await types('success=false')).toEqual(['message.sent'])
    expect(await types('page=2&page_size=1')).toEqual(['message.received'])
    for (const query of ['success=1', 'event_type=x', 'page=0']) {
      expect((await call('GET', `/deliveries?${query}`)).status).toBe(400)
    }
  })

  test('a replay posts the same event under the same id', async () => {
    await mailAndWork()
    const [first] = arrived()
    const [delivery] = (await call('GET', '/deliveries')).body.data
    const replay = await call('POST', `/deliveries/${delivery.delivery_id}/replay`)
    expect(replay).toMatchObject({ status: 201, body: { replay: true, status: 'pending', event_id: first?.event_id } })
    await work()
    const [again] = arrived()
    expect(without(again!)).toEqual(without(first!))
    expect(again?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
    const other = await subscribe()
    const elsewhere = `/api/v0/webhooks/${other.webhook_id}/deliveries/${delivery.delivery_id}/replay`
    expect((await t.call('POST', elsewhere)).status).toBe(404)
    await t.call('DELETE', `/api/v0/webhooks/${other.webhook_id}`)
  })

  test('after a rotation old and new secret both verify for a day', async () => {
    const { secret } = (await call('POST', '/rotate-secret')).body
    expect(secret).toMatch(/^[0-9a-f]{64}$/)
    await mailAndWork()
    const [request] = receiver.requests
    expect(
      new Standard(hook.secret).verify(request?.body ?? '', request?.headers as Record<string, string>),
    ).toBeTruthy()
    expect(new Svix(hook.secret).verify(request?.body ?? '', request?.headers as Record<string, string>)).toBeTruthy()
    expect(request?.headers['webhook-signature']).toMatch(/^v1,\S+ v1,\S+$/)
    expect(arrived(secret)).toHaveLength(1)
  })

  test('a receiver that is gone disables its webhook', async () => {
    receiver.answer = () => ({ status: 410 })
    await mailAndWork()
    expect((await call('GET', '')).body).toMatchObject({ enabled: false, disabled_reason: 'gone' })
    receiver.requests.splice(0)
    await mailAndWork()
    expect(receiver.requests).toEqual([])
    receiver.answer = () => ({ status: 204 })
    expect((await call('PATCH', '', { enabled: true })).body).not.toHaveProperty('disabled_reason')
    await mailAndWork()
    expect(arrived()).toHaveLength(1)
  })
})

test('a test posts a sample of each type, whole and signed', async () => {
  const { deliveries } = (await call('POST', '/test')).body
  expect(deliveries.map((d: { event_type: string }) => d.event_type)).toEqual(eventTypes)
  expect(deliveries[0]).toMatchObject({ test: true, status: 'pending' })
  await work()
  const events = new Map(arrived().map((event) => [event.event_type, event]))
  expect([...events.keys()].sort()).toEqual([...eventTypes].sort())
  for (const event of events.values()) expect(event.test).toBe(true)
  const payloads = ['message', 'send', 'delivery', 'bounce', 'complaint', 'reject', 'domain']
  for (const [at, type] of eventTypes.entries()) expect(events.get(type)).toHaveProperty(payloads[at] ?? '')
  for (const [type, event] of events) {
    // biome-ignore lint/suspicious/noExplicitAny: JSON of every shape
    for (const payload of Object.values(event) as any[]) {
      if (payload?.inbox_id) expect([type, payload.inbox_id]).toEqual([type, box.inbox_id])
    }
  }
  await t.mail(box.email_address, 'From: ada@example.com\n\nHello')
  await work()
  const [real] = arrived()
  const keys = (value: object) => Object.keys(value).sort()
  expect(keys(events.get('message.received')?.message)).toEqual(keys(real?.message))
  expect(keys(events.get('message.received')?.thread)).toEqual(keys(real?.thread))
})

test('a day after a rotation only the new secret signs', async () => {
  await call('POST', '/rotate-secret')
  t.clock.advance(24 * HOUR)
  await t.mail(box.email_address, 'From: ada@example.com\n\nHello')
  await work()
  expect(receiver.requests[0]?.headers['webhook-signature']).toMatch(/^v1,\S+$/)
})
