import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'
import { dialects } from '../handler.ts'
import type { OpenApiDocument } from '../openapi.ts'

let t: TestApp
beforeAll(async () => {
  t = await testApp()
})
afterAll(() => t[Symbol.asyncDispose]())

const get = (path: string) => t.call('GET', path, { key: null })

describe('health', () => {
  test('alive is alive', async () => {
    expect(await get('/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } })
  })

  test('ready is when store and blobs answer', async () => {
    expect(await get('/readyz')).toMatchObject({ status: 200, body: { status: 'ok', store: 'ok', blobs: 'ok' } })
    const { blobs } = t.app
    t.app.blobs = { ...blobs, ping: () => Promise.reject(new Error('secret path')) }
    const refused = await get('/readyz')
    t.app.blobs = blobs
    expect(refused).toMatchObject({ status: 503, body: { status: 'unavailable', store: 'ok', blobs: 'unavailable' } })
    expect(JSON.stringify(refused.body)).not.toContain('secret')
    expect((await get('/healthz')).status).toBe(200)
  })
})

test('metrics count requests by route, mail and deliveries, and never a name', async () => {
  await t.call('POST', '/api/v0/inboxes', { body: { username: 'counted' } })
  await t.call('GET', '/api/v0/inboxes/counted@posthouse.test')
  await t.call('GET', '/api/v0/nowhere/counted')
  await t.mail('counted@posthouse.test', 'Subject: x\n\ny')
  await t.call('POST', '/api/v0/inboxes/counted@posthouse.test/messages/send', { body: { to: 'a@example.com' } })
  const { status, headers, body } = await get('/metrics')
  expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
  const count = 'posthouse_http_request_duration_seconds_count'
  expect(body).toContain(`${count}{dialect="agents",route="/inboxes",method="POST",status="201"} 1`)
  expect(body).toContain(`${count}{dialect="agents",route="/inboxes/:inboxId",method="GET",status="200"} 1`)
  expect(body).toContain(`${count}{dialect="agents",route="none",method="GET",status="404"} 1`)
  expect(body).toContain('posthouse_messages_received_total 1')
  expect(body).toContain('posthouse_messages_sent_total 1')
  expect(body).toContain('posthouse_delivery_queue_depth 1')
  expect(body).toContain('nodejs_eventloop_lag_seconds')
  expect(body).not.toContain('counted')
  await t.work()
  const after = (await get('/metrics')).body
  expect(after).toContain('posthouse_deliveries_total{status="captured"} 1')
  expect(after).toContain('posthouse_delivery_queue_depth 0')
})

test('the log tells of routes, and never of paths, queries or keys', async () => {
  const lines: object[] = []
  const { log } = t.app
  t.app.log = { ...log, debug: (fields) => lines.push(fields) }
  await t.call('GET', '/api/v0/inboxes/someone@posthouse.test/messages?api_key=secret&from=someone')
  await t.call('GET', '/files/someone', { key: null })
  t.app.log = log
  expect(lines).toMatchObject([
    {
      method: 'GET',
      dialect: 'agents',
      route: '/inboxes/:inboxId/messages',
      status: 404,
      requestId: expect.any(String),
    },
    { method: 'GET', dialect: 'none', route: '/files/:token', status: 403 },
  ])
  expect(JSON.stringify(lines)).not.toMatch(/someone|secret|inai_/)
})

describe('what is nowhere', () => {
  test.each([
    '/',
    '/nowhere',
    '/files',
    '/files/a/b',
    '/openapi/none.json',
    '/openapi/agents',
    '/docs/none',
    '/openapi/__proto__.json',
  ])('%s is not found, in JSON', async (path) => {
    expect(await get(path)).toMatchObject({ status: 404, body: { name: 'NotFoundError', code: 'not_found' } })
  })

  test('a wrong method is told what is allowed', async () => {
    const refused = await t.call('POST', '/healthz')
    expect(refused.status).toBe(405)
    expect(refused.headers.get('allow')).toBe('GET, HEAD')
  })
})

describe.each(dialects.map((d) => [d.name, d] as const))('the document of %s', (name, dialect) => {
  const fetchDocument = async (): Promise<OpenApiDocument> => (await get(`/openapi/${name}.json`)).body

  test('has every route once, with its parameters', async () => {
    const document = await fetchDocument()
    expect(document.openapi).toBe('3.1.0')
    expect(document.servers).toEqual(dialect.prefixes.map((p) => ({ url: `http://posthouse.test${p}` })))
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, ...operation })),
    )
    const wanted = Object.entries(dialect.routes).map(
      ([id, r]) => `${id} ${r.method} ${r.path.replace(/:(\w+)/g, '{$1}')}`,
    )
    expect(operations.map((o) => `${o.operationId} ${o.method} ${o.path}`).sort()).toEqual(wanted.sort())
    for (const { path, parameters, responses } of operations) {
      const inPath = parameters.filter((p) => p.in === 'path').map((p) => `{${p.name}}`)
      expect(inPath).toEqual(path.match(/\{\w+\}/g) ?? [])
      for (const p of parameters) expect(p.schema).toMatchObject({ type: expect.anything() })
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(['500', '503', 'default']))
      expect('404' in responses || inPath.length === 0).toBe(true)
    }
  })

  test('has no reference to nothing, and nothing that JSON Schema does not know', async () => {
    const document = await fetchDocument()
    const text = JSON.stringify(document)
    for (const [, id = ''] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) {
      expect(Object.keys(document.components.schemas)).toContain(id)
    }
    expect(text).not.toContain('$defs')
    expect(text).not.toContain('"id":"')
    expect(text).not.toContain('"additionalProperties":false')
  })

  test('can be read by people, without scripts and without anything from elsewhere', async () => {
    const page = await get(`/docs/${name}`)
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/)
    for (const id of Object.keys(dialect.routes)) expect(page.body).toContain(`id="${id}"`)
    expect(page.body).not.toMatch(/<script|<link|src=|https?:\/\/(?!posthouse\.test|your-app\.com)/)
    expect(page.body).not.toContain('undefined')
  })
})

test('a call is shown with the scope that it needs, and with what must stand in its query', async () => {
  const page = (await get('/docs/disposable')).body as string
  const [, call = ''] = page.split('id="delete_message"')
  expect(call.slice(0, call.indexOf('</details>'))).toContain('For keys with the scope <code>write</code>')
  expect(call).toContain("curl -X DELETE 'http://posthouse.test/v1/messages/{uid}?domain={domain}'")
})

test('the first page of the documents is a dialect', async () => {
  expect((await get('/docs')).body).toBe((await get('/docs/agents')).body)
})
