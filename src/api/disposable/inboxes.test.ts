import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'
import { resolveRecipient } from '../../core/mailboxes/resolve-recipient.ts'

let t: TestApp
beforeAll(async () => {
  t = await testApp()
})
afterAll(() => t[Symbol.asyncDispose]())

const create = (body?: unknown, key = t.key) => t.call('POST', '/v1/inboxes', { key, body })
const HOUR = 3_600_000

describe('making an inbox', () => {
  test('without a word, the address is a GUID', async () => {
    const { status, body } = await t.call('POST', '/v1/inboxes')
    expect(status).toBe(200)
    expect(body).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      guid: body.id,
      address: `${body.id}@posthouse.test`,
      label: null,
      domain: 'posthouse.test',
      webhookUrl: null,
      messageCount: 0,
      createdAt: new Date(t.clock.now()).toISOString(),
      expiresAt: new Date(t.clock.now() + 168 * HOUR).toISOString(),
    })
    expect((await t.call('GET', `/v1/inboxes/${body.id}`)).body).toEqual(body)
  })

  test('with a label, the address begins with it, as often as it is asked for', async () => {
    const [one, two] = [(await create({ label: 'signup-test' })).body, (await create({ label: 'signup-test' })).body]
    for (const body of [one, two]) {
      expect(body.address).toBe(`signup-test-${body.guid.slice(0, 8)}@posthouse.test`)
      expect(body.label).toBe('signup-test')
    }
    expect(one.address).not.toBe(two.address)
  })

  test('a long label is kept whole and written short', async () => {
    const label = 'x'.repeat(64)
    const { body } = await create({ label })
    expect(body.label).toBe(label)
    expect(body.address).toBe(`${'x'.repeat(55)}-${body.guid.slice(0, 8)}@posthouse.test`)
  })

  test.each([
    'Upper',
    'a b',
    '',
    'x'.repeat(65),
    '.a',
    'a.',
    'a..b',
    'a@b',
    'a\r\nBcc: x@y.test',
    'postmaster',
    'noreply',
    'root',
    7,
  ])('a label such as %j is refused', async (label) => {
    const { status, body } = await create({ label })
    expect([status, body.error.code, Object.keys(body.error.details)]).toEqual([400, 'invalid_request', ['label']])
  })

  test.each([
    [{ webhookUrl: 'nonsense' }, /^webhookUrl: must be a URL$/],
    [{ webhookUrl: `https://hooks.example/${'x'.repeat(2100)}` }, /^webhookUrl: must have at most/],
    [{ webhookUrl: 7 }, /^webhookUrl: /],
  ])('with %j it is refused, and the field is named as it was sent', async (fields, message) => {
    const { status, body } = await create(fields)
    expect([status, body.error.code, Object.keys(body.error.details)]).toEqual([400, 'invalid_request', ['webhookUrl']])
    expect(body.error.message).toMatch(message)
  })

  test('only in domains that the tenant may use', async () => {
    await t.call('POST', '/api/v0/domains', { body: { domain: 'unproven.example' } })
    for (const domain of ['example.com', 'not a domain', 'unproven.example']) {
      const { status, body } = await create({ domain })
      expect([status, body.error.code]).toEqual([400, 'domain_not_allowed'])
    }
    expect((await create({ domain: 'Posthouse.TEST' })).body.domain).toBe('posthouse.test')
  })

  test('beyond the cap of the plan there are no more', async () => {
    const key = await t.organization({ mailboxLimit: 1 })
    expect((await create({}, key)).status).toBe(200)
    const { status, body } = await create({}, key)
    expect([status, body.error.code]).toEqual([429, 'plan_cap'])
  })

  test('a webhook URL that nobody may be sent to makes no inbox', async () => {
    const count = async () => (await t.call('GET', '/v1/inboxes')).body.items.length
    const before = await count()
    for (const webhookUrl of ['ftp://example.com/', 'http://127.0.0.1/', 'nonsense']) {
      expect((await create({ webhookUrl })).status).toBe(400)
    }
    expect(await count()).toBe(before)
  })
})

describe('inboxes', () => {
  test('all are listed, newest first, those of other dialects too', async () => {
    const key = await t.organization()
    const made = []
    for (let i = 0; i < 3; i++) made.push((await create({ label: `n${i}` }, key)).body.id)
    await t.call('POST', '/api/v0/inboxes', { key, body: { username: 'agent' } })
    const { body } = await t.call('GET', '/v1/inboxes', { key })
    expect(body.items[0]).toMatchObject({ address: 'agent@posthouse.test', label: null, expiresAt: null })
    expect(body.items.slice(1).map((item: { id: string }) => item.id)).toEqual(made.toReversed())
  })

  test('a deleted one is gone with its mail', async () => {
    const { id, address } = (await create()).body
    await t.mail(address, 'Subject: Hi\n\nHi')
    expect((await t.call('DELETE', `/v1/inboxes/${id}`)).body).toEqual({ ok: true })
    for (const method of ['GET', 'DELETE']) expect((await t.call(method, `/v1/inboxes/${id}`)).status).toBe(404)
    expect((await t.call('GET', `/v1/messages?inbox=${id}`)).status).toBe(404)
    await expect(resolveRecipient(t.app, address)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('after its time an inbox is gone in every dialect, and its address takes no mail', async () => {
    const { id, address, expiresAt } = (await create({ label: 'brief' })).body
    await t.mail(address, 'From: a@example.com\nSubject: Hi\n\nHi')
    const [message] = (await t.call('GET', `/v1/messages?inbox=${id}`)).body.items
    t.clock.advance(Date.parse(expiresAt) - t.clock.now())
    for (const path of [
      `/v1/inboxes/${id}`,
      `/v1/inboxes/${id}/wait?timeout=0`,
      `/v1/messages?inbox=${id}`,
      `/v1/messages/${message.uid}?domain=${message.domain}`,
      `/v1/messages/${message.uid}/raw?domain=${message.domain}`,
      `/api/v0/inboxes/${address}`,
      `/api/v0/inboxes/${address}/messages`,
      `/api/v0/inboxes/${address}/threads`,
    ]) {
      expect([path, (await t.call('GET', path)).status]).toEqual([path, 404])
    }
    const listed = async () => (await t.call('GET', '/v1/inboxes')).body.items.map((item: { id: string }) => item.id)
    expect(await listed()).not.toContain(id)
    await expect(resolveRecipient(t.app, address)).rejects.toMatchObject({ code: 'not_found' })
    await t.work()
    t.clock.advance(120_000)
    await t.work()
    expect(await t.app.store.read.mailboxes.expired(10)).toEqual([])
  })

  test('a server may keep them for ever', async () => {
    t.app.settings.disposableHours = 0
    expect((await create()).body.expiresAt).toBeNull()
    t.app.settings.disposableHours = 168
  })
})

describe('SMTP credentials', () => {
  test('name host, port and a password that is shown once', async () => {
    const { id } = (await create()).body
    const { status, body } = await t.call('POST', `/v1/inboxes/${id}/smtp-credentials`)
    expect([status, body]).toEqual([
      200,
      {
        host: 'mail.posthouse.test',
        port: 587,
        secure: false,
        username: expect.stringMatching(/^inb-[0-9a-z]{12}$/),
        password: expect.stringMatching(/^[0-9A-Za-z]{32}$/),
        url: `smtp://${body.username}:${body.password}@mail.posthouse.test:587`,
        notes: expect.stringContaining('STARTTLS'),
      },
    ])
    const again = (await t.call('POST', `/v1/inboxes/${id}/smtp-credentials`)).body
    expect(again.username).toBe(body.username)
    expect(again.password).not.toBe(body.password)
  })
})

test('what the key is good for', async () => {
  const { body } = await t.call('GET', '/v1/me')
  expect(body).toMatchObject({ scopes: ['read', 'write', 'admin'], inboxId: null, key: { expiresAt: null } })
})
