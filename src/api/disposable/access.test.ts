import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'
import type { Route } from '../route.ts'
import { routes } from './routes.ts'

// A body that each route would take from the owner: a new route with a body fails here until it has one.
const bodies: Record<string, object> = {
  create_inbox: { label: 'x' },
  send_message: { from: 'owner@posthouse.test', to: 'a@example.com', subject: 'x', text: 'x' },
}
const scopes: Record<keyof typeof routes, 'any' | 'read' | 'write' | 'admin'> = {
  list_inboxes: 'read',
  create_inbox: 'write',
  get_inbox: 'read',
  delete_inbox: 'write',
  smtp_credentials: 'admin',
  wait_for_mail: 'read',
  list_messages: 'read',
  send_message: 'write',
  list_outbound: 'read',
  get_message: 'read',
  get_raw_message: 'read',
  get_attachment: 'read',
  delete_message: 'write',
  me: 'any',
}

let t: TestApp
let inbox: { id: string; address: string }
let message: { uid: number; domain: string }
let keys: Record<string, string>
let stranger: string
let beside: string

beforeAll(async () => {
  t = await testApp()
  stranger = await t.organization()
  inbox = (await t.call('POST', '/v1/inboxes', { body: { label: 'owner' } })).body
  const file = 'Content-Type: text/csv\nContent-Disposition: attachment\n\n1,2'
  await t.mail(inbox.address, `From: a@example.com\nSubject: Secret plan\n${file}`)
  ;[message] = (await t.call('GET', '/v1/messages')).body.items
  const key = async (body: object) =>
    (await t.call('POST', '/api/v0/api-keys', { body: { name: 'x', ...body } })).body.key
  keys = {
    read: await key({ scopes: ['read'] }),
    write: await key({ scopes: ['write'] }),
    nothing: await key({ permissions: {} }),
  }
  const other = (await t.call('POST', '/api/v0/inboxes', { body: { username: 'beside' } })).body
  beside = await key({ inbox_id: other.inbox_id })
})
afterAll(() => t[Symbol.asyncDispose]())

const all = Object.entries(routes) as [keyof typeof routes, Route][]
const call = (name: string, route: Route, key: string | null) => {
  const path = route.path.replace(':id', inbox.id).replace(':uid', String(message.uid)).replace(':index', '0')
  const query = route.path.includes(':uid')
    ? `?domain=${message.domain}`
    : route.path.endsWith('/wait')
      ? '?timeout=0'
      : ''
  return t.call(route.method, `/v1${path}${query}`, { key, ...(bodies[name] && { body: bodies[name] }) })
}

describe.each(all)('%s', (name, route) => {
  test('answers nobody without a key', async () => {
    const { status, body, headers } = await call(name, route, null)
    expect([status, body.error.code, headers.get('www-authenticate')]).toEqual([401, 'unauthorized', 'Bearer'])
    expect((await call(name, route, 'inb_live_0123456789abcdefghijABCD')).status).toBe(401)
  })

  test('wants its scope', async () => {
    const refused = { any: [], read: ['nothing'], write: ['nothing', 'read'], admin: ['nothing', 'read', 'write'] }[
      scopes[name]
    ]
    for (const held of refused) {
      const { status, body } = await call(name, route, keys[held] ?? '')
      expect([held, status, body.error.code]).toEqual([held, 403, 'insufficient_scope'])
    }
  })

  test('wants its scope before it looks at what is asked', async () => {
    expect(route.scope ?? 'any').toBe(scopes[name])
    if (!route.scope || route.scope === 'read') return
    const path = route.path.replace(':id', inbox.id).replace(':uid', '1')
    const bad = { body: '[', headers: { 'content-type': 'text/plain' } }
    const answer = await t.call(route.method, `/v1${path}?domain=`, { key: keys.read ?? '', ...bad })
    expect([answer.status, answer.body.error.code]).toEqual([403, 'insufficient_scope'])
  })

  if (/:id|:uid/.test(route.path)) {
    test('is not found by another tenant, nor by the key of another inbox', async () => {
      for (const key of [stranger, beside]) {
        const { status, body } = await call(name, route, key)
        expect([status, JSON.stringify(body).includes('Secret')]).toEqual([
          name === 'smtp_credentials' && status === 403 ? 403 : 404,
          false,
        ])
      }
    })
  }
})

test('lists show a stranger nothing', async () => {
  for (const path of ['/v1/inboxes', '/v1/messages', '/v1/messages/outbound']) {
    expect((await t.call('GET', path, { key: stranger })).body).toEqual({ items: [] })
  }
  const besides = (await t.call('GET', '/v1/inboxes', { key: beside })).body.items
  expect(besides.map((item: { address: string }) => item.address)).toEqual(['beside@posthouse.test'])
  expect((await t.call('GET', '/v1/messages', { key: beside })).body).toEqual({ items: [] })
  expect((await t.call('GET', `/v1/messages?inbox=${inbox.id}`, { key: stranger })).status).toBe(404)
})

test('errors have one shape', async () => {
  for (const [method, path, status] of [
    ['GET', '/v1/nothing', 404],
    ['PUT', '/v1/inboxes', 405],
    ['GET', '/v1/messages?limit=x', 400],
  ] as const) {
    const answer = await t.call(method, path)
    expect([answer.status, Object.keys(answer.body)]).toEqual([status, ['error']])
    expect(answer.body.error).toMatchObject({ code: expect.any(String), message: expect.any(String) })
  }
  expect(
    (await t.call('POST', '/v1/inboxes', { body: '{"label":', headers: { 'content-type': 'application/json' } }))
      .status,
  ).toBe(400)
  expect((await t.call('POST', '/v1/inboxes', { body: 'x', headers: { 'content-type': 'text/plain' } })).status).toBe(
    415,
  )
})
