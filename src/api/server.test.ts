import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { testApp } from '../../test/support/app.ts'
import { HttpServer } from './server.ts'

async function serving() {
  const opened = new AsyncDisposableStack()
  const t = opened.use(await testApp())
  const server = opened.use(new HttpServer(t.app))
  const port = await server.listen('127.0.0.1', 0)
  return { t, server, port, base: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

/** What comes back for these bytes, until the server closes or has said enough. */
async function speak(port: number, text: string, until: RegExp): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(text)
  let answer = ''
  for await (const chunk of socket) {
    answer += chunk
    if (until.test(answer)) break
  }
  socket.destroy()
  return answer
}

test('the server listens where it says, and answers like the handler', async () => {
  await using s = await serving()
  expect(s.server.port).toBe(s.port)
  const headers = { authorization: `Bearer ${s.t.key}`, 'content-type': 'application/json' }
  const made = await fetch(`${s.base}/api/v0/inboxes`, { method: 'POST', headers, body: '{"username":"wire"}' })
  expect([made.status, (await made.json()).username]).toEqual([201, 'wire'])
  const head = await fetch(`${s.base}/api/v0/inboxes/wire%40posthouse.test`, { method: 'HEAD', headers })
  expect([head.status, head.headers.get('content-type'), await head.text()]).toEqual([200, 'application/json', ''])
  const empty = await fetch(`${s.base}/api/v0/inboxes/wire@posthouse.test`, { method: 'DELETE', headers })
  expect([empty.status, await empty.text()]).toEqual([204, ''])
})

test('a port that is taken is an error of the listen', async () => {
  await using s = await serving()
  await using second = new HttpServer(s.t.app)
  await expect(second.listen('127.0.0.1', s.port)).rejects.toMatchObject({ code: 'EADDRINUSE' })
})

test('too large a body is refused while it is on its way', async () => {
  await using s = await serving()
  const head = `PATCH /api/v0/inboxes/x HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${s.t.key}\r\nContent-Type: application/json\r\n`
  const declared = await speak(s.port, `${head}Content-Length: 99999999\r\n\r\n{`, /request_id/)
  expect(declared).toMatch(/^HTTP\/1.1 413 /)
  const chunk = `10000\r\n${' '.repeat(65_536)}\r\n`
  const chunked = await speak(s.port, `${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(20)}`, /request_id/)
  expect(chunked).toMatch(/^HTTP\/1.1 413 /)
})

test('what is no HTTP, or has no possible URL, is refused and the server lives on', async () => {
  await using s = await serving()
  for (const text of [
    'nonsense\r\n\r\n',
    'GET \\ HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a b\r\n\r\n',
    'GET // HTTP/1.1\r\nHost: a\r\n\r\n',
  ]) {
    expect(await speak(s.port, text, /\r\n\r\n/)).toMatch(/^HTTP\/1.1 40\d /)
  }
  expect((await fetch(`${s.base}/healthz`)).status).toBe(200)
})

test('HEAD tells the length of what GET would send', async () => {
  await using s = await serving()
  await s.t.call('POST', '/api/v0/inboxes', { body: { username: 'long' } })
  await s.t.mail('long@posthouse.test', 'Subject: x\n\ny')
  const [item] = (await s.t.call('GET', '/api/v0/inboxes/long@posthouse.test/messages')).body.data
  const headers = { authorization: `Bearer ${s.t.key}` }
  const head = await fetch(`${s.base}/api/v0/inboxes/long@posthouse.test/messages/${item.message_id}/eml`, {
    method: 'HEAD',
    headers,
  })
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, String(item.size), ''])
})

test('closing lets a running request end, and ends connections that are kept alive', async () => {
  await using s = await serving()
  const agent = new Agent({ keepAlive: true })
  const begun = request(`${s.base}/api/v0/inboxes`, {
    agent,
    method: 'POST',
    headers: { authorization: `Bearer ${s.t.key}`, 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
  })
  begun.write('{"username":')
  const idle = connect(s.port, '127.0.0.1')
  idle.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(idle, 'data')
  idle.resume()
  const idleEnded = once(idle, 'close')
  const started = performance.now()
  const closed = s.server[Symbol.asyncDispose]()
  begun.end('"late"}')
  const [response] = await once(begun, 'response')
  expect(response.statusCode).toBe(201)
  response.resume()
  await Promise.all([closed, idleEnded])
  expect(performance.now() - started).toBeLessThan(3_000)
  agent.destroy()
})
