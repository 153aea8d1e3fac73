import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'
import { authenticateKey, createKey, issueKey } from '../../core/accounts/keys.ts'
import { narrow } from '../../core/accounts/narrow.ts'
import { createProject } from '../../core/accounts/projects.ts'

const BASE = '/api/v1/inbox'
let t: TestApp
beforeAll(async () => {
  t = await testApp({ allowNet: ['127.0.0.0/8'] })
})
afterAll(() => t[Symbol.asyncDispose]())

async function make(fields: object = {}, key = t.key) {
  const { status, body } = await t.call('POST', BASE, { key, body: { name: 'Invoices', ...fields } })
  expect(status, JSON.stringify(body)).toBe(201)
  return body
}

const read = async (id: string, key = t.key) => (await t.call('GET', `${BASE}/${id}`, { key })).body
const put = (id: string, body: unknown) => t.call('PUT', `${BASE}/${id}`, { body })

test('a key is told whose it is', async () => {
  const { status, body } = await t.call('GET', '/api/v1/whoami')
  expect(status).toBe(200)
  expect(body).toEqual({ scopeId: expect.any(String), projectId: expect.any(String), apiKeyName: expect.any(String) })
})

describe('who asks', () => {
  test.each([
    ['nobody', null],
    ['an unknown key', 'inai_nothing'],
  ])('%s is turned away everywhere', async (_case, key) => {
    for (const path of [BASE, '/api/v1/whoami', `${BASE}/x/messages`]) {
      const { status, headers, body } = await t.call('GET', path, { key })
      expect(status).toBe(401)
      expect(headers.get('www-authenticate')).toBe('Bearer')
      expect(body).toEqual({ error: { code: 'UNAUTHORIZED', message: expect.any(String) } })
    }
  })

  test('a key that may only read makes, changes and deletes nothing', async () => {
    const { id } = await make()
    const { key } = await readingKey()
    expect((await t.call('GET', `${BASE}/${id}`, { key })).status).toBe(200)
    for (const [method, path] of [
      ['POST', BASE],
      ['PUT', `${BASE}/${id}`],
      ['DELETE', `${BASE}/${id}`],
    ] as const) {
      const body = method === 'DELETE' ? {} : { body: { name: 'x' } }
      expect(await t.call(method, path, { key, ...body })).toMatchObject({
        status: 403,
        body: { error: { code: 'FORBIDDEN' } },
      })
    }
  })
})

async function readingKey() {
  const { scopeId } = (await t.call('GET', '/api/v1/whoami')).body
  const { text } = await issueKey(t.app, scopeId, { name: 'reader', scopes: ['read'] })
  return { key: text }
}

describe('making an inbox', () => {
  test('answers everything, with what it is like when nothing is said', async () => {
    const { scopeId, projectId, apiKeyName } = (await t.call('GET', '/api/v1/whoami')).body
    const inbox = await make()
    expect(inbox).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      ...{ scopeId, projectId },
      hookAddress: expect.stringMatching(/^h[0-9a-hjkmnp-tv-z]{8}-[0-9a-hjkmnp-tv-z]{16}@posthouse\.test$/),
      ...{ name: 'Invoices', allowedFromEmails: null, webhookUrl: null, ttlDays: 30 },
      ...{ maxMessageSizeBytes: 10_485_760, maxAttachments: 10, enabled: true, requireAuthenticatedSender: false },
      ...{ createdAt: new Date(t.clock.now()).toISOString(), createdBy: apiKeyName, updatedAt: null },
    })
    expect(await read(inbox.id)).toEqual({ ...inbox, messageCount: 0, unhandledCount: 0, imapSourceCount: 0 })
    expect((await read(inbox.id.toUpperCase())).id).toBe(inbox.id)
  })

  test('takes all that is given, an id in any case too', async () => {
    const id = 'AAAAAAAA-0000-4000-8000-00000000000A'
    const given = { ttlDays: 7, maxMessageSizeBytes: 52_428_800, maxAttachments: 0, enabled: false }
    const inbox = await make({
      id,
      name: '  Two  ',
      allowedFromEmails: ' B@Corp.test; a@corp.test,,b@corp.test ',
      ...given,
    })
    expect(inbox).toMatchObject({
      ...given,
      id: id.toLowerCase(),
      name: 'Two',
      allowedFromEmails: 'b@corp.test, a@corp.test',
    })
    const again = await t.call('POST', BASE, { body: { id, name: 'x' } })
    expect(again).toMatchObject({ status: 409, body: { error: { code: 'CONFLICT' } } })
    const elsewhere = await t.call('POST', BASE, { key: await t.organization(), body: { id, name: 'x' } })
    expect(elsewhere.status).toBe(409)
  })

  test('tells the size that it takes, also when the operator has lowered the limit of the server since', async () => {
    const own = await testApp()
    await using _ = own
    const made = await own.call('POST', BASE, { body: { name: 'x', maxMessageSizeBytes: 52_428_800 } })
    const { id, hookAddress } = made.body
    expect(made.body.maxMessageSizeBytes).toBe(52_428_800)
    Object.assign(own.app.settings, { maxMessageBytes: 1000, usualMessageBytes: 1000 })
    expect((await own.call('GET', `${BASE}/${id}`)).body.maxMessageSizeBytes).toBe(1000)
    expect((await own.call('GET', BASE)).body).toMatchObject([{ id, maxMessageSizeBytes: 1000 }])
    expect(await own.mail(hookAddress, `Subject: x\n\n${'x'.repeat(1000)}`)).toMatchObject([
      { result: 'dropped', reason: 'too_large' },
    ])
    expect(await own.mail(hookAddress, 'Subject: x\n\nx')).toMatchObject([{ result: 'stored' }])
  })

  test('what it does not know and what it gives itself is passed over', async () => {
    const inbox = await make({ hookAddress: 'mine@x.test', scopeId: 'x', projectId: 1, createdBy: 'me', other: [] })
    expect(inbox.hookAddress).toMatch(/^h.+@posthouse\.test$/)
  })

  test.each([
    ['no name', { name: undefined }, 'name'],
    ['a blank name', { name: '   ' }, 'name'],
    ['a name beyond 100', { name: 'x'.repeat(101) }, 'name'],
    ['a name beyond 100 UTF-16 units', { name: '😀'.repeat(51) }, 'name'],
    ['a line break in the name', { name: 'a\r\nBcc: x@y.test' }, 'name'],
    ['a number for a name', { name: 5 }, 'name'],
    ['an id that is no GUID', { id: 'abc' }, 'id'],
    ['the id of nothing', { id: '00000000-0000-0000-0000-000000000000' }, 'id'],
    ['no days', { ttlDays: 0 }, 'ttlDays'],
    ['half a day', { ttlDays: 0.5 }, 'ttlDays'],
    ['more than ten years', { ttlDays: 3651 }, 'ttlDays'],
    ['days as text', { ttlDays: '7' }, 'ttlDays'],
    ['days of null', { ttlDays: null }, 'ttlDays'],
    ['no bytes', { maxMessageSizeBytes: 0 }, 'maxMessageSizeBytes'],
    ['more bytes than the server takes', { maxMessageSizeBytes: 52_428_801 }, 'maxMessageSizeBytes'],
    ['fewer than no attachments', { maxAttachments: -1 }, 'maxAttachments'],
    ['too many attachments', { maxAttachments: 1001 }, 'maxAttachments'],
    ['a text for a flag', { enabled: 'yes' }, 'enabled'],
    ['a name beside a sender', { allowedFromEmails: 'Ada <ada@corp.test>' }, 'allowedFromEmails'],
    ['a wildcard sender', { allowedFromEmails: 'a@corp.test, *@corp.test' }, 'allowedFromEmails'],
    ['a domain as sender', { allowedFromEmails: '@corp.test' }, 'allowedFromEmails'],
    ['a word as sender', { allowedFromEmails: 'corp' }, 'allowedFromEmails'],
    ['a webhook that is no URL', { webhookUrl: 'corp' }, 'webhookUrl'],
    ['a webhook of no letters', { webhookUrl: '' }, 'webhookUrl'],
  ])('%s is refused by name', async (_case, fields, field) => {
    const { status, body } = await t.call('POST', BASE, { body: { name: 'x', ...fields } })
    expect(status).toBe(400)
    expect(body.error).toMatchObject({ code: 'VALIDATION_FAILED', details: { [field]: [expect.any(String)] } })
  })

  test.each(['', ' ; , '])('a list of senders like %j is everybody', async (allowedFromEmails) => {
    expect((await make({ allowedFromEmails })).allowedFromEmails).toBeNull()
  })

  test.each([
    'http://10.0.0.1/',
    'http://169.254.169.254/latest',
    'ftp://corp.test/',
    'http://a:b@corp.test/',
    'http://[::1]/',
  ])('a webhook to %s is refused', async (webhookUrl) => {
    const { status, body } = await t.call('POST', BASE, { body: { name: 'x', webhookUrl } })
    expect({ status, code: body.error.code }).toEqual({ status: 400, code: 'BLOCKED_WEBHOOK_URL' })
  })

  test('twenty at once never pass the limit together', async () => {
    const key = await t.organization({ mailboxLimit: 5 })
    const all = await Promise.all(Array.from({ length: 20 }, () => t.call('POST', BASE, { key, body: { name: 'x' } })))
    expect(all.filter(({ status }) => status === 201)).toHaveLength(5)
    const refused = all.filter(({ status }) => status !== 201)
    expect(refused.every(({ status, body }) => status === 429 && body.error.code === 'MAX_INBOXES')).toBe(true)
  })

  test('a body that is too large or no JSON is refused', async () => {
    const large = await t.call('POST', BASE, { body: { name: 'x', other: 'x'.repeat(1024 * 1024) } })
    expect(large).toMatchObject({ status: 413, body: { error: { code: 'PAYLOAD_TOO_LARGE' } } })
    expect(await t.call('POST', BASE, { body: '{' })).toMatchObject({ status: 400 })
  })

  test('nobody else can take a name of that form', async () => {
    const body = { username: 'habcd1234-mp0fzxf7bpb449b9' }
    expect((await t.call('POST', '/api/v0/inboxes', { body })).status).toBe(400)
  })
})

describe('lists', () => {
  let key: string
  const names = ['b', 'C', 'a', 'B']
  beforeAll(async () => {
    key = await t.organization()
    for (const name of names) await make({ name }, key)
  })
  const list = (query = '') => t.call('GET', `${BASE}${query}`, { key })
  const named = (items: { name: string }[]) => items.map(({ name }) => name)

  test('are bare with their totals in header fields, newest first', async () => {
    const { body, headers } = await list()
    expect(named(body)).toEqual(['B', 'a', 'C', 'b'])
    expect(totals(headers)).toEqual(['4', '1', '50', '1'])
    expect(headers.get('access-control-expose-headers')).toContain('X-Total-Count')
    expect(body[0]).toMatchObject({ messageCount: 0, unhandledCount: 0, imapSourceCount: 0 })
  })

  test('have them in the body when asked', async () => {
    const { body, headers } = await list('?aggregate=true&limit=3&page=2')
    expect(body).toMatchObject({ totalCount: 4, page: 2, pageSize: 3, totalPages: 2 })
    expect(named(body.items)).toEqual(['b'])
    expect(totals(headers)).toEqual(['4', '2', '3', '2'])
  })

  test.each([
    ['?sortOrder=Asc', ['b', 'C', 'a', 'B'], ['4', '1', '50', '1']],
    ['?sortOrder=asc&sortBy=createdat', ['b', 'C', 'a', 'B'], ['4', '1', '50', '1']],
    ['?sortBy=Name&sortOrder=ASC&limit=1', ['a'], ['4', '1', '1', '4']],
    ['?sortBy=name&limit=1', ['C'], ['4', '1', '1', '4']],
    ['?offset=3&limit=2', ['b'], ['4', '2', '2', '2']],
    ['?page=9', [], ['4', '9', '50', '1']],
    ['?limit=0', [], ['4', '1', '0', '0']],
    ['?limit=0&offset=7', [], ['4', '1', '0', '0']],
    ['?limit=5000&offset=0', ['B', 'a', 'C', 'b'], ['4', '1', '5000', '1']],
  ])('%s', async (query, expected, counts) => {
    const { body, headers } = await list(query)
    expect(named(body)).toEqual(expected)
    expect(totals(headers)).toEqual(counts)
  })

  test('by name, equal names do not swap between pages', async () => {
    const all = (await list('?sortBy=name&sortOrder=Asc')).body
    const pages = []
    for (const page of [1, 2, 3, 4]) pages.push(...(await list(`?sortBy=name&sortOrder=Asc&limit=1&page=${page}`)).body)
    expect(pages).toEqual(all)
  })

  test.each([
    'page=0',
    'page=-1',
    'page=x',
    'page=1&offset=0',
    'limit=5001',
    'limit=-1',
    'limit=1.5',
    'offset=-1',
    'aggregate=1',
    'aggregate=TRUE',
    'sortBy=Size',
    'sortOrder=up',
    'limit=1&limit=2',
  ])('?%s is refused', async (query) => {
    expect(await list(`?${query}`)).toMatchObject({ status: 400, body: { error: { code: 'VALIDATION_FAILED' } } })
  })

  test('show the mailboxes of other APIs too, under their own addresses', async () => {
    await t.call('POST', '/api/v0/inboxes', { key, body: { username: 'from-agents', display_name: 'Agent' } })
    const [newest] = (await list('?limit=1')).body
    expect(newest).toMatchObject({ name: 'Agent', hookAddress: 'from-agents@posthouse.test', ttlDays: null })
  })
})

function totals(headers: Headers): (string | null)[] {
  return ['x-total-count', 'x-page', 'x-limit', 'x-total-pages'].map((name) => headers.get(name))
}

describe('changing an inbox', () => {
  test('changes what is there and leaves the rest', async () => {
    const before = await make({ allowedFromEmails: 'a@corp.test' })
    const { status, body } = await put(before.id, { name: 'New', ttlDays: 3, hookAddress: 'x', id: 'y' })
    expect({ status, body }).toEqual({
      status: 200,
      body: { id: before.id, hookAddress: before.hookAddress, updatedAt: new Date(t.clock.now()).toISOString() },
    })
    const { messageCount, unhandledCount, imapSourceCount, ...after } = await read(before.id)
    expect(after).toEqual({ ...before, name: 'New', ttlDays: 3, updatedAt: body.updatedAt })
  })

  test('null clears the senders and the webhook, and nothing else', async () => {
    const { id } = await make({ allowedFromEmails: 'a@corp.test', webhookUrl: 'http://127.0.0.1:9/' })
    expect(await read(id)).toMatchObject({ allowedFromEmails: 'a@corp.test', webhookUrl: 'http://127.0.0.1:9/' })
    expect((await put(id, { allowedFromEmails: null, webhookUrl: null })).status).toBe(200)
    expect(await read(id)).toMatchObject({ allowedFromEmails: null, webhookUrl: null })
    for (const field of ['name', 'ttlDays', 'maxMessageSizeBytes', 'maxAttachments', 'enabled']) {
      expect((await put(id, { [field]: null })).status).toBe(400)
    }
  })

  test('an empty change changes nothing', async () => {
    const before = await make()
    expect((await put(before.id, {})).body.updatedAt).toBeNull()
    expect((await read(before.id)).updatedAt).toBeNull()
  })

  test('a webhook alone is a change, and one URL takes the place of another', async () => {
    const { id } = await make()
    for (const webhookUrl of ['http://127.0.0.1:9/a', 'http://127.0.0.1:9/b']) {
      await put(id, { webhookUrl })
      expect(await read(id)).toMatchObject({ webhookUrl, updatedAt: new Date(t.clock.now() - 1).toISOString() })
    }
    expect((await put(id, { webhookUrl: 'http://10.1.1.1/' })).body.error.code).toBe('BLOCKED_WEBHOOK_URL')
    expect((await read(id)).webhookUrl).toBe('http://127.0.0.1:9/b')
  })

  test('two changes at once are both kept', async () => {
    const { id } = await make()
    await Promise.all([
      put(id, { ttlDays: 2 }),
      put(id, { maxAttachments: 3 }),
      put(id, { allowedFromEmails: 'x@y.test' }),
    ])
    expect(await read(id)).toMatchObject({ ttlDays: 2, maxAttachments: 3, allowedFromEmails: 'x@y.test' })
  })
})

describe('deleting an inbox', () => {
  const remove = (id: string, query = '') => t.call('DELETE', `${BASE}/${id}${query}`)

  test('answers what was deleted, and then it is nowhere', async () => {
    const { id, hookAddress } = await make()
    expect(await remove(id)).toMatchObject({ status: 200, body: { id, hookAddress } })
    expect((await remove(id)).status).toBe(404)
    await expect(t.mail(hookAddress, 'Subject: late\n\nx')).rejects.toMatchObject({ code: 'not_found' })
  })

  test('waits for its messages to be handled, unless forced', async () => {
    const { id, hookAddress } = await make()
    await t.mail(hookAddress, 'Subject: first\n\nx')
    expect(await remove(id)).toMatchObject({ status: 400, body: { error: { code: 'UNHANDLED_MESSAGES' } } })
    expect((await read(id)).messageCount).toBe(1)
    await t.call('POST', `${BASE}/${id}/messages/handle`)
    expect((await remove(id)).status).toBe(200)
    const other = await make()
    await t.mail(other.hookAddress, 'Subject: second\n\nx')
    expect((await remove(other.id, '?force=true')).status).toBe(200)
    expect((await remove(other.id, '?force=maybe')).status).toBe(400)
  })
})

test('what belongs to somebody else, or is no GUID, is not found by any route', async () => {
  const { id, hookAddress } = await make()
  const key = await t.organization()
  for (const [who, name] of [
    [key, id],
    [t.key, hookAddress],
    [t.key, 'nothing'],
    [t.key, '00000000-0000-4000-8000-000000000000'],
  ] as const) {
    for (const [method, path] of [
      ['GET', ''],
      ['PUT', ''],
      ['DELETE', '?force=true'],
      ['GET', '/messages'],
      ['GET', '/messages/wait?timeout=0'],
      ['POST', '/messages/handle'],
      ['GET', '/drops'],
      ['GET', '/webhook-deliveries'],
    ] as const) {
      const body = method === 'GET' || method === 'DELETE' ? {} : { body: {} }
      const answer = await t.call(method, `${BASE}/${name}${path}`, { key: who, ...body })
      expect(answer, `${method} ${path}`).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } })
    }
  }
  expect((await read(id)).id).toBe(id)
})

test('a mailbox of another project of the same organization is not found either', async () => {
  const { id } = await make()
  const admin = await authenticateKey(t.app, t.key)
  const { project } = await createProject(t.app, admin, { name: 'Other' })
  const { text } = await createKey(t.app, await narrow(t.app, admin, { project: project.id }), { name: 'other' })
  expect((await t.call('GET', `${BASE}/${id}`, { key: text })).status).toBe(404)
  expect((await t.call('GET', BASE, { key: text })).body).toEqual([])
  const own = await make({ name: 'Theirs' }, text)
  expect(own.projectId).toBe(project.id)
  expect((await t.call('GET', `${BASE}/${own.id}`)).status).toBe(404)
})

test('a key of one mailbox sees that one and makes none', async () => {
  const [own, other] = [await make(), await make()]
  const admin = await authenticateKey(t.app, t.key)
  const { text: key } = await createKey(t.app, admin, { name: 'one', mailbox: own.id })
  expect((await t.call('GET', BASE, { key })).body.map(({ id }: { id: string }) => id)).toEqual([own.id])
  expect((await t.call('GET', `${BASE}/${own.id}`, { key })).status).toBe(200)
  expect((await t.call('GET', `${BASE}/${other.id}`, { key })).status).toBe(404)
  expect((await t.call('POST', BASE, { key, body: { name: 'x' } })).status).toBe(403)
})
