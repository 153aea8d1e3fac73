import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { type FakeRecords, type FakeResolver, fakeResolver } from '../../../test/fakes/dns-zone.ts'
import { selfSigned } from '../smtp-server/self-signed.ts'
import { judgeDestination, parseDestination } from './destination.ts'
import { GuardedFileFetcher } from './file-fetcher.ts'
import { GuardedFetch } from './guarded-fetch.ts'
import { AddressPolicy } from './public-address.ts'

interface Site extends AsyncDisposable {
  port: number
  url: string
  requests: IncomingMessage[]
}

async function site(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  host = '127.0.0.1',
): Promise<Site> {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://files.example:${port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const home: Record<string, FakeRecords> = { 'files.example': { a: ['127.0.0.1'] } }

function fetcher(zone = home, allowNet = ['127.0.0.0/8']): GuardedFileFetcher & { resolver: FakeResolver } {
  const resolver = fakeResolver(zone)
  return Object.assign(new GuardedFileFetcher({ resolver, allowNet }), { resolver })
}

test('a file comes with its name and its type', async () => {
  await using files = fetcher()
  await using web = await site((_, response) => {
    response.setHeader('content-type', 'text/plain; charset=utf-8')
    response.setHeader('content-disposition', `attachment; filename="x"; filename*=UTF-8''na%C3%AFve.txt`)
    response.end('hello')
  })
  expect(await files.fetch(`${web.url}/a/b%20c.pdf?x=1#y`, 100)).toEqual({
    content: Buffer.from('hello'),
    filename: 'naïve.txt',
    contentType: 'text/plain; charset=utf-8',
  })
  expect(web.requests[0]?.headers).toMatchObject({ host: `files.example:${web.port}`, 'user-agent': 'Posthouse' })
  expect(web.requests[0]?.headers).not.toHaveProperty('cookie')
})

test.each([
  ['/a/b%20c.pdf', undefined, 'b c.pdf'],
  ['/', undefined, null],
  ['/..', undefined, null],
  ['/%2e%2e%2fetc%2fpasswd', undefined, 'passwd'],
  ['/x', 'attachment; filename="a\\"b.txt"', 'a"b.txt'],
  ['/x', 'attachment; filename=plain.txt; size=3', 'plain.txt'],
  ['/x', 'attachment; filename="..\\\\..\\\\boot.ini"', 'boot.ini'],
  ['/x.bin', 'inline', 'x.bin'],
  ['/x', `attachment; filename*=iso-8859-1''caf%E9`, 'café'],
  ['/x', Buffer.from('attachment; filename="Grüße.txt"').toString('latin1'), 'Grüße.txt'],
])('%s with %s is called %s', async (path, disposition, name) => {
  await using files = fetcher()
  await using web = await site((_, response) => {
    if (disposition) response.setHeader('content-disposition', disposition)
    response.end()
  })
  expect((await files.fetch(web.url + path, 100)).filename).toBe(name)
})

test('redirects are followed three times, and each is judged', async () => {
  await using web = await site((request, response) => {
    const left = Number(request.url?.slice(1))
    if (left > 0) response.writeHead(302, { location: `/${left - 1}` })
    response.end(`there`)
  })
  await using inner = await site((_, response) => response.end('secret'), '127.0.0.2')
  await using evil = await site((request, response) => {
    const to: Record<string, string> = {
      '/private': `http://127.0.0.2:${inner.port}/`,
      '/name': `http://inner.example:${inner.port}/`,
      '/ftp': 'ftp://files.example/',
      '/user': 'http://user:pass@files.example/',
    }
    response.writeHead(302, { location: to[request.url ?? ''] ?? '' }).end()
  })
  await using files = fetcher({ ...home, 'inner.example': { a: ['127.0.0.2'] } }, ['127.0.0.1/32'])
  expect((await files.fetch(`${web.url}/3`, 100)).content.toString()).toBe('there')
  await expect(files.fetch(`${web.url}/4`, 100)).rejects.toMatchObject({ code: 'fetch_failed' })
  for (const path of ['/private', '/name', '/ftp', '/user']) {
    await expect(files.fetch(evil.url + path, 100), path).rejects.toMatchObject({ code: 'url_blocked' })
  }
  expect(inner.requests).toEqual([])
})

test.each([
  'ftp://files.example/',
  'file:///etc/passwd',
  'http://user@files.example/',
  'http://:pass@files.example/',
  'http://127.0.0.1/',
  'http://2130706433/',
  'http://0x7f.1/',
  'http://０１７７.0.0.1/',
  'http://[::ffff:7f00:1]/',
  'http://localhost/',
  'http://a.localhost./',
  'http://public.example:8080/',
  'http://mixed.example/',
  'http://inner.local/',
  'http://router/',
  'http://metadata.google.internal/',
  'http://public.example\n/',
  'data:text/plain,hello',
  '//files.example/',
  '',
])('%j is never asked', async (url) => {
  const zone = {
    'public.example': { a: ['1.1.1.1'] },
    'mixed.example': { a: ['1.1.1.1', '10.0.0.1'] },
    'inner.local': { a: ['1.1.1.1'] },
    router: { a: ['1.1.1.1'] },
    'metadata.google.internal': { a: ['1.1.1.1'] },
  }
  // Judged without a socket at hand: a test that fails must not send anything to anybody.
  const options = { resolver: fakeResolver(zone), policy: new AddressPolicy([]) }
  const judged = Promise.try(() => judgeDestination(parseDestination(url), options))
  await expect(judged).rejects.toMatchObject({ code: 'url_blocked' })
})

test('a name whose answer changes behind our back leads nowhere else', async () => {
  await using web = await site((_, response) => response.end('secret'))
  let asked = 0
  const resolver = fakeResolver(home)
  resolver.a = async () => (asked++ === 0 ? ['127.0.0.2'] : ['127.0.0.1'])
  await using files = new GuardedFileFetcher({ resolver, allowNet: ['127.0.0.2/32'] })
  await expect(files.fetch(web.url, 100)).rejects.toMatchObject({ code: 'fetch_failed' })
  expect([asked, web.requests]).toEqual([1, []])
})

test('localhost is the loopback, and only where the operator opened it', async () => {
  await using web = await site((_, response) => response.end('here'))
  await using open = fetcher({}, ['127.0.0.0/8'])
  expect((await open.fetch(`http://localhost:${web.port}/`, 100)).content.toString()).toBe('here')
  await using closed = fetcher({ localhost: { a: ['1.1.1.1'] } }, [])
  await expect(closed.fetch(`http://localhost:${web.port}/`, 100)).rejects.toMatchObject({ code: 'url_blocked' })
  expect(closed.resolver.questions).toEqual([])
})

test('the next address is tried when one does not answer', async () => {
  await using web = await site((_, response) => response.end('here'))
  await using files = fetcher({ 'files.example': { a: ['127.0.0.3', '127.0.0.1'] } })
  expect((await files.fetch(web.url, 100)).content.toString()).toBe('here')
})

test('a file is cut off where it becomes too large, packed or not', async () => {
  await using files = fetcher()
  await using web = await site((request, response) => {
    if (request.url === '/packed') response.setHeader('content-encoding', 'gzip')
    response.end(request.url === '/packed' ? gzipSync(Buffer.alloc(50_000_000)) : Buffer.alloc(1_001))
  })
  expect((await files.fetch(web.url, 1_001)).content).toHaveLength(1_001)
  await expect(files.fetch(web.url, 1_000)).rejects.toMatchObject({ code: 'too_large' })
  await expect(files.fetch(`${web.url}/packed`, 1_000_000)).rejects.toMatchObject({ code: 'too_large' })
})

test('other answers and no answers are failures that tell nothing', async () => {
  await using files = fetcher()
  await using web = await site((request, response) => {
    if (request.url === '/cut') response.writeHead(200, { 'content-length': 10 }).write('x', () => response.destroy())
    else response.writeHead(404).end('nothing')
  })
  for (const url of [web.url, `${web.url}/cut`, 'http://nobody.example/', 'http://127.0.0.1:9/']) {
    await expect(files.fetch(url, 100), url).rejects.toMatchObject({ code: 'fetch_failed' })
  }
})

test('a request may carry a body, follow nothing and keep the start of the answer', async () => {
  const bodies: string[] = []
  await using web = await site(async (request, response) => {
    bodies.push(Buffer.concat(await request.toArray()).toString())
    response.writeHead(302, { location: '/elsewhere' }).end('x'.repeat(100_000))
  })
  await using guarded = new GuardedFetch({ resolver: fakeResolver(home), allowNet: ['127.0.0.1/32'] })
  const response = await guarded.fetch(web.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"a":1}',
    timeoutMs: 5_000,
    maxBytes: 10,
    excess: 'cut',
    maxRedirects: 0,
  })
  expect([response.status, response.body.toString(), bodies]).toEqual([302, 'xxxxxxxxxx', ['{"a":1}']])
  expect(web.requests[0]?.headers).toMatchObject({ 'content-type': 'application/json', 'content-length': '7' })
})

test('an answer that does not come has its time', async () => {
  await using web = await site(() => {})
  await using guarded = new GuardedFetch({ resolver: fakeResolver(home), allowNet: ['127.0.0.1/32'] })
  const request = { timeoutMs: 100, maxBytes: 10, excess: 'cut', maxRedirects: 0 } as const
  await expect(guarded.fetch(web.url, request)).rejects.toMatchObject({ code: 'fetch_failed' })
})

test('over TLS the server is asked by its name, and must prove it', async () => {
  const names: string[] = []
  const server = createTlsServer({
    ...selfSigned('files.example', Date.now()),
    SNICallback: (name, done) => {
      names.push(name)
      done(null)
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await using files = fetcher()
  await expect(files.fetch(`https://files.example:${port}/`, 100)).rejects.toMatchObject({ code: 'fetch_failed' })
  await expect(files.fetch(`https://127.0.0.1:${port}/`, 100)).rejects.toMatchObject({ code: 'fetch_failed' })
  expect(names).toEqual(['files.example'])
  await new Promise((resolve) => server.close(resolve))
})
