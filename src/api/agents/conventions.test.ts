import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'
import { hashKey, issueKey } from '../../core/accounts/keys.ts'

let t: TestApp
let readOnly: string
let inbox: string

beforeAll(async () => {
  t = await testApp()
  const organization = await t.app.store.read.accounts.firstOrganization()
  readOnly = (await issueKey(t.app, organization!.id, { name: 'reader', scopes: ['read'] })).text
  inbox = (await t.call('POST', '/api/v0/inboxes', { body: { username: 'conventions' } })).body.inbox_id
})
afterAll(() => t[Symbol.asyncDispose]())

const requestId = expect.stringMatching(/^req_[0-9a-f]{32}$/)

describe('who is asking', () => {
  test.each([
    ['no header', undefined],
    ['another scheme', 'Basic aW5haTp4'],
    ['no token', 'Bearer'],
    ['two tokens', 'Bearer a b'],
    ['two headers', 'Bearer a, Bearer b'],
  ])('%s is refused with missing_authorization', async (_case, authorization) => {
    const headers = authorization ? { authorization } : {}
    const refused = await t.call('GET', '/api/v0/inboxes', { key: null, headers })
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toBe('Bearer')
    expect(refused.body).toEqual({
      name: 'UnauthorizedError',
      code: 'missing_authorization',
      message: expect.any(String),
      request_id: requestId,
    })
  })

  test('an unknown key is refused with unknown_api_key, and not shown again', async () => {
    const refused = await t.call('GET', '/api/v0/inboxes', { key: 'inai_AAAAAAAA_secret' })
    expect(refused).toMatchObject({ status: 401, body: { code: 'unknown_api_key' } })
    expect(refused.headers.get('www-authenticate')).toBe('Bearer')
    expect(JSON.stringify(refused.body)).not.toContain('secret')
  })

  test.each(['Bearer', 'bearer', 'BEARER'])('the scheme %s is known in any case', async (scheme) => {
    const headers = { authorization: `${scheme} ${t.key}` }
    expect((await t.call('GET', '/api/v0/inboxes', { key: null, headers })).status).toBe(200)
  })
})

test('the root key opens the first organization', async () => {
  await using other = await testApp({ settings: { rootKeyHash: hashKey('root-of-all') } })
  expect((await other.call('GET', '/api/v0/organizations', { key: 'root-of-all' })).body.name).toBe('First')
  expect((await other.call('GET', '/api/v0/organizations', { key: 'root-of-al' })).status).toBe(401)
})

describe('the order of checks', () => {
  const unknown = '/api/v0/inboxes/nobody@posthouse.test'

  test.each([
    ['no key before an unknown path', 'GET', '/api/v0/nowhere', { key: null }, 401],
    ['no key before a wrong method', 'PUT', '/api/v0/inboxes', { key: null }, 401],
    ['an unknown path before its body', 'POST', '/api/v0/nowhere', { body: 'x' }, 404],
    ['a wrong method before its body', 'PUT', '/api/v0/inboxes', { body: 'x' }, 405],
    [
      'the type of the body before what it says',
      'POST',
      '/api/v0/inboxes',
      { body: '{', headers: { 'content-type': 'text/plain' } },
      415,
    ],
    [
      'a bad body before a missing permission',
      'POST',
      '/api/v0/inboxes',
      { key: 'read', body: { username: '.' } },
      400,
    ],
    ['a bad body before an unknown inbox', 'PATCH', unknown, { body: { display_name: 1 } }, 400],
    ['a bad value before an unknown inbox', 'PATCH', unknown, { body: { display_name: 'a\nb' } }, 400],
    [
      'a bad reply before an unknown message',
      'POST',
      `${unknown}/messages/msg_x/reply`,
      { body: { headers: { From: 'x' } } },
      400,
    ],
    [
      'a bad file before an unknown message',
      'POST',
      `${unknown}/messages/msg_x/reply`,
      { body: { attachments: [{}] } },
      400,
    ],
    [
      'a bad idempotency key before an unknown inbox',
      'POST',
      `${unknown}/messages/send`,
      { body: { to: 'a@b.test' }, headers: { 'idempotency-key': 'ä' } },
      400,
    ],
    [
      'bad labels before a missing permission',
      'PATCH',
      `${unknown}/messages/msg_x`,
      { key: 'read', body: { labels: ['\u0007'] } },
      400,
    ],
    [
      'a missing permission before an unknown inbox',
      'PATCH',
      unknown,
      { key: 'read', body: { display_name: 'x' } },
      403,
    ],
    ['a missing permission before a malformed id', 'DELETE', '/api/v0/inboxes/x', { key: 'read' }, 403],
    ['an unknown inbox at last', 'PATCH', unknown, { body: { display_name: 'x' } }, 404],
  ])('%s', async (_case, method, path, options, status) => {
    const key = 'key' in options && options.key === 'read' ? readOnly : 'key' in options ? null : t.key
    expect((await t.call(method, path, { ...options, key })).status).toBe(status)
  })
})

describe('paths and methods', () => {
  test('an unknown path is not found', async () => {
    const refused = await t.call('GET', '/api/v0/nowhere')
    expect(refused).toMatchObject({ status: 404, body: { name: 'NotFoundError', code: 'not_found' } })
    expect((await t.call('GET', '/api/v0')).status).toBe(404)
    expect((await t.call('GET', '/api/v0x/inboxes')).status).toBe(404)
  })

  test('a wrong method is told what is allowed', async () => {
    const refused = await t.call('PUT', '/api/v0/inboxes')
    expect(refused).toMatchObject({ status: 405, body: { code: 'method_not_allowed' } })
    expect(refused.headers.get('allow')).toBe('GET, HEAD, POST')
  })

  test('a slash at the end is served without a redirect', async () => {
    expect((await t.call('GET', '/api/v0/inboxes/')).body).toEqual((await t.call('GET', '/api/v0/inboxes')).body)
  })

  test('HEAD is GET without a body', async () => {
    const head = await t.fetch(`/api/v0/inboxes/${inbox}`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${t.key}` },
    })
    expect(head.status).toBe(200)
    expect(head.headers.get('content-type')).toBe('application/json')
    expect(await head.text()).toBe('')
  })

  test.each(['%', '%zz', '%c3', '%00', '%2e%2e%2f', '..%2f..', 'x'.repeat(5000), '0'.repeat(26), '%F0%9F%93%AC'])(
    'the path segment %s is nobody',
    async (segment) => {
      expect((await t.call('GET', `/api/v0/inboxes/${segment}`)).status).toBe(404)
      expect((await t.call('GET', `/api/v0/inboxes/${inbox}/messages/${segment}`)).status).toBe(404)
      expect((await t.call('GET', `/api/v0/inboxes/${inbox}/threads/${segment}`)).status).toBe(404)
      expect((await t.call('DELETE', `/api/v0/api-keys/${segment}`)).status).toBe(404)
    },
  )

  test('every answer has an id of its own and is not to be stored', async () => {
    const answers = await Promise.all([
      t.call('GET', '/api/v0/inboxes'),
      t.call('GET', '/api/v0/nowhere'),
      t.call('GET', '/api/v0/inboxes', { key: null }),
      t.call('GET', '/healthz', { key: null }),
    ])
    const ids = answers.map((a) => a.headers.get('x-request-id'))
    expect(new Set(ids).size).toBe(4)
    for (const answer of answers) expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answers[1]?.body.request_id).toBe(ids[1])
  })
})

describe('lists', () => {
  test.each([
    'page=0',
    'page=-1',
    'page=x',
    'page=',
    'page=1.0',
    'page=1&page=2',
    'page_size=0',
    'page_size=101',
    'page_size=',
    'page_size=1e1',
    'page_token=x',
    'page=99999999999',
  ])('?%s is refused', async (query) => {
    for (const list of [
      'inboxes',
      'api-keys',
      'captured',
      'domains',
      'webhooks',
      `inboxes/${inbox}/messages`,
      `inboxes/${inbox}/threads`,
    ]) {
      const refused = await t.call('GET', `/api/v0/${list}?${query}`)
      expect(refused).toMatchObject({ status: 400, body: { code: 'validation_error' } })
      expect(refused.body.errors[0].path).toEqual([query.slice(0, query.indexOf('='))])
    }
  })

  test('the defaults are the first page of twenty', async () => {
    expect((await t.call('GET', '/api/v0/inboxes')).body).toMatchObject({ page: 1, page_size: 20 })
  })

  test('beyond the end there is an empty page with the true total', async () => {
    const { body } = await t.call('GET', '/api/v0/inboxes')
    const beyond = await t.call('GET', '/api/v0/inboxes?page=900&page_size=100')
    expect(beyond.body).toEqual({ data: [], total: body.total, page: 900, page_size: 100 })
    expect(body.total).toBeGreaterThan(0)
  })
})

test('a bug answers 500 and tells nothing of itself', async () => {
  const broken = {
    ...t.app.store.read,
    mailboxes: { ...t.app.store.read.mailboxes, list: () => Promise.reject(new Error('SELECT secret')) },
  }
  const { read } = t.app.store
  t.app.store = { ...t.app.store, read: broken }
  try {
    const failed = await t.call('GET', '/api/v0/inboxes')
    expect(failed).toMatchObject({ status: 500, body: { name: 'ServerError', code: 'internal_error' } })
    expect(JSON.stringify(failed.body)).not.toContain('secret')
  } finally {
    t.app.store = { ...t.app.store, read }
  }
})
