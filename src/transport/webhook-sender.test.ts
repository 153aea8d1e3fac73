import { once } from 'node:events'
import { createServer as createTcpServer } from 'node:net'
import { expect, test } from 'vitest'
import { fakeResolver } from '../../test/fakes/dns-zone.ts'
import { startReceiver } from '../../test/support/webhook-receiver.ts'
import type { WebhookReach } from '../core/webhooks/sender.ts'
import { HttpWebhookSender } from './webhook-sender.ts'

const zone = {
  'public.example.com': { a: ['93.184.216.34'] },
  'mixed.example.com': { a: ['93.184.216.34', '10.0.0.1'] },
  'inner.example.com': { a: ['169.254.169.254'] },
  'v6.example.com': { aaaa: ['::ffff:127.0.0.1'] },
  'loop.example.com': { a: ['127.0.0.1'] },
}
const strict: WebhookReach = { ports: 'web', plain: 'inside' }
const loose: WebhookReach = { ports: 'any', plain: 'everywhere' }

function sender(allowNet: string[] = []) {
  return new HttpWebhookSender({ resolver: fakeResolver(zone), allowNet })
}

const request = (url: string, fields: object = {}) => ({
  url,
  headers: { 'content-type': 'application/json', 'x-one': '1' },
  body: '{"a":"ü"}',
  timeoutMs: 5_000,
  signal: new AbortController().signal,
  reach: loose,
  ...fields,
})

test.each([
  'http://127.0.0.1/',
  'http://2130706433/',
  'http://0x7f.1/',
  'http://[::1]/',
  'http://[::ffff:10.0.0.1]/',
  'http://[64:ff9b::a00:1]/',
  'http://169.254.169.254/latest/meta-data/',
  'https://localhost/',
  'https://mixed.example.com/',
  'https://inner.example.com/',
  'https://v6.example.com/',
  'https://user:word@public.example.com/',
  'ftp://public.example.com/',
  'file:///etc/passwd',
  'https://public.example.com:22/',
])('%s is refused when a webhook is made, and never asked', async (url) => {
  await using it = sender()
  await expect(it.check(url, loose)).rejects.toMatchObject({ code: 'url_blocked' })
  expect(await it.post(request(url))).toMatchObject({ status: null, error: 'blocked', answer: '' })
})

test('http and odd ports are for some dialects only, or for what the operator opened', async () => {
  await using it = sender(['127.0.0.0/8'])
  await it.check('https://public.example.com/hook', strict)
  for (const url of ['http://public.example.com/', 'https://public.example.com:8443/']) {
    await expect(it.check(url, strict)).rejects.toMatchObject({ code: 'url_blocked' })
    await it.check(url, loose)
  }
  await it.check('http://loop.example.com:8080/', strict)
  await it.check('http://127.0.0.1:5678/', strict)
  expect(await it.post(request('http://public.example.com/', { reach: strict }))).toMatchObject({ error: 'blocked' })
})

test('a name that does not resolve now may be named, and fails when it is asked', async () => {
  await using it = sender()
  await it.check('https://later.example.com/', strict)
  expect(await it.post(request('https://later.example.com/'))).toMatchObject({ status: null, error: 'dns' })
})

test('the bytes arrive as they were given, and the answer is kept in short', async () => {
  const body = `${'ä'.repeat(600)}\0`
  await using receiver = await startReceiver(() => ({ status: 503, headers: { 'retry-after': '7' }, body }))
  await using it = sender(['127.0.0.0/8'])
  const answer = await it.post(request(receiver.url.replace('127.0.0.1', 'loop.example.com')))
  expect(answer).toMatchObject({ status: 503, error: null, retryAfter: '7', answer: 'ä'.repeat(512) })
  const [received] = receiver.requests
  expect(received).toMatchObject({ method: 'POST', body: '{"a":"ü"}', path: '/hook' })
  expect(received?.headers).toMatchObject({ 'content-type': 'application/json', 'x-one': '1' })
  expect(received?.headers.host).toMatch(/^loop\.example\.com:/)
  expect(received?.headers.cookie).toBeUndefined()
})

test('an endless answer is cut, and one that breaks off keeps its status', async () => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (data) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\n')
      socket.write('a'.repeat(200_000))
      if (data.includes('/short')) socket.destroySoon()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  await using it = sender(['127.0.0.0/8'])
  for (const path of ['/endless', '/short']) {
    const answer = await it.post(request(url + path))
    expect(answer).toMatchObject({ status: 200, error: null, answer: 'a'.repeat(1024) })
  }
  server.close()
})

test('each way of getting no answer has its word', async () => {
  const silent = createTcpServer((socket) => void socket.on('error', () => {})).listen(0, '127.0.0.1')
  const rude = createTcpServer((socket) => void socket.once('data', () => socket.end('hello\r\n'))).listen(
    0,
    '127.0.0.1',
  )
  await Promise.all([once(silent, 'listening'), once(rude, 'listening')])
  const url = (server: typeof silent, scheme = 'http') =>
    `${scheme}://127.0.0.1:${(server.address() as { port: number }).port}/`
  await using it = sender(['127.0.0.0/8'])
  expect(await it.post(request(url(silent), { timeoutMs: 50 }))).toMatchObject({ status: null, error: 'timeout' })
  expect(await it.post(request(url(rude)))).toMatchObject({ status: null, error: 'broken' })
  const named = url(rude, 'https').replace('127.0.0.1', 'loop.example.com')
  expect(await it.post(request(named))).toMatchObject({ status: null, error: 'tls' })
  const closed = url(silent)
  silent.close()
  await using again = sender(['127.0.0.0/8'])
  expect(await again.post(request(closed))).toMatchObject({ status: null, error: 'connect' })
  rude.close()
})

test('an exchange is given up when it is told to', async () => {
  await using receiver = await startReceiver(() => new Promise(() => {}))
  await using it = sender(['127.0.0.0/8'])
  const abort = new AbortController()
  const answer = it.post(request(receiver.url, { signal: abort.signal }))
  await receiver.arrived(1)
  abort.abort()
  expect(await answer).toMatchObject({ status: null })
})
