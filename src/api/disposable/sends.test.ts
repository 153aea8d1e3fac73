import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'
import { DeliveryWorker } from '../../core/outbound/worker.ts'

let t: TestApp
let inbox: { id: string; address: string }
beforeAll(async () => {
  t = await testApp({
    settings: { route: { kind: 'smarthost', host: 'h', port: 25, secure: false, user: null, password: null } },
  })
})
afterAll(() => t[Symbol.asyncDispose]())
beforeEach(async () => {
  inbox = (await t.call('POST', '/v1/inboxes')).body
})

const send = (fields: object = {}, headers: Record<string, string> = {}) =>
  t.call('POST', '/v1/messages', {
    body: { from: inbox.address, to: 'someone@example.com', subject: 'Hi', text: 'Test', ...fields },
    headers,
  })
const outbound = async (query = '') => (await t.call('GET', `/v1/messages/outbound${query}`)).body.items

describe('a message', () => {
  test('stands in the history before it is tried, and with its end after', async () => {
    const { status, body } = await send({
      to: ['a@example.com', 'b@example.com'],
      cc: ['c@example.com'],
      bcc: ['d@example.com'],
    })
    expect([status, body]).toEqual([
      200,
      {
        ok: true,
        outboundId: expect.stringMatching(/^out_[0-9a-f]{32}$/),
        messageId: expect.stringMatching(/@posthouse\.test>$/),
      },
    ])
    const [before] = await outbound()
    expect(before).toEqual({
      outboundId: body.outboundId,
      messageId: body.messageId,
      via: 'api',
      inboxId: inbox.id,
      from: inbox.address,
      to: ['a@example.com', 'b@example.com'],
      cc: ['c@example.com'],
      bcc: ['d@example.com'],
      subject: 'Hi',
      status: 'queued',
      error: null,
      createdAt: expect.any(String),
      sentAt: null,
    })
    await t.work()
    const [after] = await outbound('?limit=1')
    expect(after).toMatchObject({ status: 'sent', error: null, sentAt: expect.any(String) })
    const raw = String(t.handedOver.at(-1)?.raw ?? '')
    expect(raw).not.toContain('d@example.com')
  })

  test('that is refused at once is told so, and is in the history', async () => {
    t.answers.set('no@example.com', {
      result: 'permanent',
      host: 'h',
      replyCode: 550,
      enhancedCode: '5.1.1',
      text: 'No such user',
    })
    t.app.settings.sendWaitMs = 2_000
    await using _worker = new DeliveryWorker(t.app)
    const { status, body } = await send({ to: 'no@example.com' })
    t.app.settings.sendWaitMs = 0
    expect([status, body]).toEqual([
      502,
      {
        ok: false,
        outboundId: expect.any(String),
        messageId: expect.any(String),
        error: expect.stringContaining('No such user'),
      },
    ])
    expect((await outbound('?limit=1'))[0]).toMatchObject({
      outboundId: body.outboundId,
      status: 'failed',
      sentAt: null,
    })
  })

  test('that is taken at once is answered at once', async () => {
    t.app.settings.sendWaitMs = 600_000
    await using _worker = new DeliveryWorker(t.app)
    expect((await send()).status).toBe(200)
    t.app.settings.sendWaitMs = 0
  })

  test('from an address that nobody has makes that address', async () => {
    const { status } = await send({ from: 'Shop <shop@posthouse.test>' })
    expect(status).toBe(200)
    const { items } = (await t.call('GET', '/v1/inboxes')).body
    expect(items.map((item: { address: string }) => item.address)).toContain('shop@posthouse.test')
    expect((await send({ from: 'Shop@Posthouse.test' })).status).toBe(200)
  })

  test('is sent once under an idempotency key', async () => {
    const key = { 'idempotency-key': 'once-1' }
    const [one, two] = [await send({}, key), await send({}, key)]
    expect(two.body).toEqual(one.body)
    expect((await send({ subject: 'Other' }, key)).status).toBe(409)
  })
})

test.each([
  ['a subject of 998 octets', { subject: 'é'.repeat(499) }],
  ['ten MiB of text', { text: 'x'.repeat(10_485_760) }],
  ['ten MiB of text and html', { text: 'x'.repeat(1), html: 'x'.repeat(10_485_759) }],
])('%s can be sent', async (_name, fields) => {
  const { status, body } = await send(fields)
  expect([status, body.ok]).toEqual([200, true])
})

describe('refused are', () => {
  test('domains of others', async () => {
    for (const from of ['me@example.com', 'someone@gmail.com']) {
      const { status, body } = await send({ from })
      expect([status, body.error.code]).toEqual([400, 'from_domain_not_allowed'])
    }
  })

  test('addresses of neighbours', async () => {
    const key = await t.organization()
    const { address } = (await t.call('POST', '/v1/inboxes', { key })).body
    const { status, body } = await send({ from: address })
    expect([status, body.error.code, Object.keys(body.error.details)]).toEqual([400, 'invalid_request', ['from']])
    expect((await send({ from: 'postmaster@posthouse.test' })).status).toBe(400)
  })

  test('names that nobody can have, told under the field that was sent', async () => {
    const { status, body } = await send({ from: "o'brien@posthouse.test" })
    expect([status, body.error]).toEqual([
      400,
      {
        code: 'invalid_request',
        message: expect.stringMatching(/^from: must be/),
        details: { from: [expect.stringMatching(/^must be/)] },
      },
    ])
  })

  test.each([
    ['no text and no html', { text: undefined }],
    ['empty text alone', { text: '' }],
    ['no recipient', { to: [] }],
    ['what is no address', { to: 'nonsense' }],
    ['too many recipients', { to: Array.from({ length: 51 }, (_, i) => `x${i}@example.com`) }],
    ['a subject with a line end', { subject: 'Hi\r\nBcc: x@y.test' }],
    ['a subject that is too long', { subject: 'x'.repeat(999) }],
    ['a subject of more octets than a line has', { subject: 'é'.repeat(500) }],
    ['more than ten MiB of text', { text: 'é'.repeat(5_242_881) }],
    ['more than ten MiB of text and html', { text: 'x'.repeat(5_242_880), html: 'x'.repeat(5_242_881) }],
    ['a recipient with a line end', { to: 'a@example.com\r\nBcc: x@y.test' }],
    ['a copy with a line end', { cc: ['"a\r\nBcc: x" <a@example.com>'] }],
    ['a sender with a line end', { from: '"a\r\nBcc: x" <a@posthouse.test>' }],
    ['no sender', { from: undefined }],
    ['a number as subject', { subject: 7 }],
  ])('%s', async (_name, fields) => {
    const { status, body } = await send(fields)
    expect([status, body.error.code]).toEqual([400, 'invalid_request'])
  })

  test('recipients that we stopped writing to', async () => {
    const mailbox = await t.app.store.read.mailboxes.byAddress(inbox.address)
    const held = {
      orgId: mailbox!.orgId,
      address: 'dead@example.com',
      reason: 'hard_bounce' as const,
      deliveryId: null,
    }
    await t.app.store.run('suppressions.add', held)
    const { status, body } = await send({ to: 'dead@example.com' })
    expect([status, body.error.code]).toEqual([400, 'recipient_rejected'])
  })
})

test('the history is of the tenant alone, newest first', async () => {
  for (const subject of ['One', 'Two']) await send({ subject })
  const subjects = (await outbound()).map((item: { subject: string }) => item.subject)
  expect(subjects.slice(0, 2)).toEqual(['Two', 'One'])
  const stranger = await t.organization()
  expect((await t.call('GET', '/v1/messages/outbound', { key: stranger })).body.items).toEqual([])
  expect((await t.call('GET', '/v1/messages/outbound?limit=x')).status).toBe(400)
})

test.each(['admin', 'root', 'security', 'webmaster'])(
  'nobody sends as %s of the domain that all share',
  async (name) => {
    const body = { from: `${name}@posthouse.test`, to: 'a@example.com', subject: 'x', text: 'x' }
    expect((await t.call('POST', '/v1/messages', { body })).status).toBe(400)
  },
)
