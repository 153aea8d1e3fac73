import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { oneAtATime } from './one-at-a-time.ts'

/** One connection to a server of this listener, and the paths that it was asked for until now. */
async function connected(listener: (incoming: IncomingMessage, outgoing: ServerResponse) => unknown) {
  const handled: string[] = []
  const limited = oneAtATime((incoming, outgoing) => {
    handled.push(incoming.url ?? '')
    return listener(incoming, outgoing)
  })
  const arrived: ServerResponse[] = []
  const server = createServer((incoming, outgoing) => {
    arrived.push(outgoing)
    return limited(incoming, outgoing)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  let answers = ''
  socket.on('data', (chunk) => {
    answers += chunk
  })
  const stop = async () => {
    socket.destroy()
    server.closeAllConnections()
    await server[Symbol.asyncDispose]()
  }
  return { handled, arrived, socket, answers: () => answers, [Symbol.asyncDispose]: stop }
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`
const post = (path: string, body: string) =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`
const bodies = (answers: string) => answers.match(/<[^>]*>/g)

test('requests that come at once on one connection are handled one after the other, and answered in their order', async () => {
  let [underWay, most] = [0, 0]
  await using c = await connected(async ({ url }, outgoing) => {
    most = Math.max(most, ++underWay)
    await new Promise(setImmediate)
    underWay--
    outgoing.end(`<${url}>`)
  })
  const paths = Array.from({ length: 200 }, (_, i) => `/${i}`)
  c.socket.write(paths.map(get).join(''))
  await expect.poll(c.answers).toContain('</199>')
  expect(bodies(c.answers())).toEqual(paths.map((path) => `<${path}>`))
  expect(most).toBe(1)
})

test('what waits is not handled any more when its client hangs up', async () => {
  let first: ServerResponse | undefined
  await using c = await connected((_, outgoing) => {
    first ??= outgoing
  })
  c.socket.write(['/wait', '/a', '/b'].map(get).join(''))
  await expect.poll(() => c.arrived.length).toBe(3)
  c.socket.destroy()
  await expect.poll(() => c.arrived.every(({ closed }) => closed)).toBe(true)
  first?.end('too late')
  await new Promise(setImmediate)
  expect(c.handled).toEqual(['/wait'])
})

test('a request that waits has its whole body when its turn comes', async () => {
  let first: ServerResponse | undefined
  await using c = await connected(async (incoming, outgoing) => {
    if (incoming.url === '/wait') first = outgoing
    else outgoing.end(`<${incoming.url} ${(await text(incoming)).length}>`)
  })
  const large = 'x'.repeat(1024 * 1024)
  c.socket.write(get('/wait') + post('/small', 'abc') + post('/large', large) + get('/last'))
  await expect.poll(() => c.arrived.length).toBeGreaterThanOrEqual(3)
  expect(c.handled).toEqual(['/wait'])
  first?.end('</wait>')
  await expect.poll(c.answers).toContain('</last')
  expect(bodies(c.answers())).toEqual(['</wait>', '</small 3>', `</large ${large.length}>`, '</last 0>'])
})

test('a request behind a stream of events waits for its end', async () => {
  let stream: ServerResponse | undefined
  await using c = await connected(({ url }, outgoing) => {
    if (url !== '/events') return outgoing.end(`<${url}>`)
    stream = outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
    outgoing.write('data: <1>\n\n')
  })
  c.socket.write(get('/events') + get('/next'))
  await expect.poll(c.answers).toContain('<1>')
  expect(c.arrived).toHaveLength(2)
  stream?.write('data: <2>\n\n')
  await expect.poll(c.answers).toContain('<2>')
  expect(c.handled).toEqual(['/events'])
  stream?.end()
  await expect.poll(c.answers).toContain('</next>')
  expect(bodies(c.answers())).toEqual(['<1>', '<2>', '</next>'])
})
