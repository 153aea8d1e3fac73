import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../../test/support/app.ts'
import { readQuery } from './query.ts'

let t: TestApp

beforeAll(async () => {
  t = await testApp()
  for (const username of ['one', 'two', 'three']) await t.call('POST', '/v0/inboxes', { body: { username } })
})
afterAll(() => t[Symbol.asyncDispose]())

describe('at the shared prefix', () => {
  test.each([
    ['nothing said', {}, false],
    ['the Fern name', { 'x-fern-sdk-name': 'agentmail' }, true],
    ['another Fern name', { 'x-fern-sdk-name': 'other' }, false],
    ['the user agent', { 'user-agent': 'agentmail/0.5.27' }, true],
    ['a Stainless client', { 'x-stainless-lang': 'go' }, true],
    ['the dialect asked for', { 'x-api-dialect': 'agentmail' }, true],
    ['the seed asked for by an official client', { 'x-api-dialect': 'seed', 'user-agent': 'agentmail/1' }, false],
  ] as [string, Record<string, string>, boolean][])('%s: official %o', async (_case, headers, official) => {
    const { body } = await t.call('GET', '/api/v0/inboxes', { headers })
    expect('inboxes' in body).toBe(official)
    expect('data' in body).toBe(!official)
  })

  test.each(['messages/search?q=x', 'messages/none/raw', 'drafts', 'lists/receive/block', 'metrics/usage'])(
    'what only the official one has is official: %s',
    async (path) => {
      const { status, body } = await t.call('GET', `/api/v0/inboxes/one@posthouse.test/${path}`)
      expect([status, body.data]).toEqual([path.includes('none') ? 404 : 200, undefined])
    },
  )

  test('at its own prefix nothing else is spoken', async () => {
    const { body } = await t.call('GET', '/v0/inboxes', { headers: { 'x-api-dialect': 'seed' } })
    expect(body).toMatchObject({ count: 3, limit: 20 })
  })
})

describe('an empty body', () => {
  test.each([undefined, ''])('%j makes an inbox with a name of ours', async (body) => {
    const headers = body === undefined ? {} : { 'content-type': '' }
    const { status, body: made } = await t.call('POST', '/v0/inboxes', { body, headers })
    expect(status).toBe(200)
    expect(made.inbox_id).toMatch(/^[a-z]{12}@posthouse\.test$/)
    expect((await t.call('DELETE', `/v0/inboxes/${made.inbox_id}`)).status).toBe(204)
  })
})

describe('pages', () => {
  const read = (query: string) => t.call('GET', `/v0/inboxes?${query}`)
  const names = (body: { inboxes: { email: string }[] }) => body.inboxes.map(({ email }) => email.split('@')[0])

  test.each([
    ['', ['three', 'two', 'one']],
    ['&ascending=true', ['one', 'two', 'three']],
  ])('go on where the one before ended%s', async (order, expected) => {
    const first = await read(`limit=2${order}`)
    expect(first.body).toMatchObject({ count: 2, limit: 2, next_page_token: expect.any(String) })
    const second = await read(`limit=2${order}&page_token=${first.body.next_page_token}`)
    expect(second.body).toMatchObject({ count: 1, limit: 2 })
    expect(second.body).not.toHaveProperty('next_page_token')
    expect([...names(first.body), ...names(second.body)]).toEqual(expected)
  })

  test('the last page has no token, though it is full', async () => {
    expect((await read('limit=3')).body).not.toHaveProperty('next_page_token')
  })

  test.each(['x', '', 'bm90IGEgdG9rZW4gb2Ygb3Vycw'])('the token %j is refused', async (token) => {
    expect(await read(`page_token=${token}`)).toMatchObject({
      status: 400,
      body: { code: 'validation_error', errors: [{ path: ['page_token'] }] },
    })
  })

  test('a token that is spelled otherwise than it was handed out is refused', async () => {
    const { next_page_token: token } = (await read('limit=2')).body
    expect((await read(`limit=2&page_token=${token}`)).status).toBe(200)
    for (const other of [`${token}==`, `${token}=`, ` ${token}`, `${token}%0A`]) {
      expect([other, (await read(`limit=2&page_token=${other}`)).status]).toEqual([other, 400])
    }
  })

  test("another organization's token is refused", async () => {
    const { body } = await read('limit=1')
    const key = await t.organization()
    const answer = await t.call('GET', `/v0/inboxes?page_token=${body.next_page_token}`, { key })
    expect(answer.status).toBe(400)
  })

  test.each(['0', '101', '-1', '1.5', 'x'])('a limit of %s is refused', async (limit) => {
    expect((await read(`limit=${limit}`)).status).toBe(400)
  })

  test('the paging of the seed is overlooked', async () => {
    expect((await read('page=7&page_size=1')).body.count).toBe(3)
  })
})

describe('inboxes', () => {
  test('are made with 200, and lack what they do not have', async () => {
    const made = await t.call('POST', '/v0/inboxes', { body: { username: 'plain' } })
    expect(made).toMatchObject({ status: 200, body: { inbox_id: 'plain@posthouse.test' } })
    expect(Object.keys(made.body).sort()).toEqual(['created_at', 'email', 'inbox_id', 'pod_id', 'updated_at'])
    const { pod_id } = made.body
    expect((await t.call('GET', `/v0/pods/${pod_id}/inboxes/plain%40posthouse.test`)).body).toEqual(made.body)
    expect((await t.call('GET', '/v0/pods/pod_x/inboxes')).status).toBe(404)
    expect((await t.call('DELETE', '/v0/inboxes/PLAIN@posthouse.test')).status).toBe(204)
  })

  test('an address that is taken answers 403', async () => {
    expect(await t.call('POST', '/v0/inboxes', { body: { username: 'one' } })).toMatchObject({
      status: 403,
      body: { name: 'IsTakenError', code: 'resource_taken' },
    })
  })

  test('a client_id answers the inbox that it made, whatever else is asked for', async () => {
    const first = await t.call('POST', '/v0/inboxes', { body: { client_id: 'mine' } })
    const again = await t.call('POST', '/v0/inboxes', { body: { client_id: 'mine', username: 'else' } })
    expect(again.body).toEqual(first.body)
  })
})

test.each([
  ['labels=%5B%22unread%22%2C%22a%20b%22%5D', { labels: '["unread","a b"]' }],
  ['labels=a&labels=b', { labels: ['a', 'b'] }],
  ['labels[]=a&labels[]=b', { labels: ['a', 'b'] }],
  ['labels%5B0%5D=a&labels%5B1%5D=b', { labels: ['a', 'b'] }],
])('the search %s is read', (search, expected) => {
  expect(readQuery(new URLSearchParams(search))).toEqual(expected)
})

test('a message to nobody is impossible, but who may not send hears that first, and what is not there is not found', async () => {
  const at = '/v0/inboxes/one@posthouse.test/messages'
  const body = { text: 'x' }
  expect(await t.call('POST', `${at}/send`, { body })).toMatchObject({ status: 422, body: { code: 'unprocessable' } })
  const key = (
    await t.call('POST', '/v0/api-keys', { body: { permissions: { inbox_read: true, message_read: true } } })
  ).body.api_key
  for (const path of ['send', 'none/forward']) {
    expect((await t.call('POST', `${at}/${path}`, { body, key })).status).toBe(403)
  }
  expect((await t.call('POST', `${at}/none/forward`, { body })).status).toBe(404)
})
