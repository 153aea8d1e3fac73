import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type TestApp, testApp } from '../../test/support/app.ts'
import { manualClock } from '../../test/support/clock.ts'
import { ClientMemory } from './client-memory.ts'
import { HttpServer } from './server.ts'

const MB = 1024 * 1024
/** More than the system keeps on its way between the two ends. */
const MAIL_BYTES = 12 * MB

async function serving() {
  const opened = new AsyncDisposableStack()
  const t = opened.use(await testApp())
  const server = opened.use(new HttpServer(t.app, { maxHeldBytes: 24 * MB }))
  const port = await server.listen('127.0.0.1', 0)
  const inbox = '/api/v0/inboxes/big@posthouse.test'
  await t.call('POST', '/api/v0/inboxes', { body: { username: 'big' } })
  const client = (head: string, body?: Buffer) => {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    socket.write(`${head}\r\nHost: x\r\nAuthorization: Bearer ${t.key}\r\n\r\n`)
    if (body) socket.write(body)
    return socket
  }
  return { t, port, inbox, client, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

/** A mail that no socket takes at once, and where its bytes are. */
async function bigMail({ t, inbox }: { t: TestApp; inbox: string }): Promise<{ path: string; size: number }> {
  await t.mail('big@posthouse.test', Buffer.concat([Buffer.from('Subject: x\r\n\r\n'), Buffer.alloc(MAIL_BYTES, 120)]))
  const [item] = (await t.call('GET', `${inbox}/messages`)).body.data
  return { path: `${inbox}/messages/${item.message_id}/eml`, size: item.size }
}

test('clients that never read a large answer are cut off when there are too many, and one that reads has all of it', async () => {
  await using s = await serving()
  const { path, size } = await bigMail(s)
  const idle = Array.from({ length: 8 }, () => s.client(`GET ${path} HTTP/1.1`).pause())
  await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once('readable', resolve))))
  s.t.clock.advance(2_000)
  const headers = { authorization: `Bearer ${s.t.key}` }
  const whole = await fetch(`http://127.0.0.1:${s.port}${path}`, { headers })
  expect((await whole.arrayBuffer()).byteLength).toBe(size)
  const got = await Promise.all(idle.map(countBytes))
  expect(got.filter((bytes) => bytes < MAIL_BYTES).length).toBeGreaterThanOrEqual(5)
})

test('clients that never read a list that is printed while they read are cut off in the middle of it', async () => {
  await using s = await serving()
  // Each has 5 MB in it: the rest of a text is left out.
  for (let i = 0; i < 4; i++) {
    await s.t.mail('big@posthouse.test', Buffer.concat([Buffer.from('\r\n'), Buffer.alloc(6 * MB, 120)]))
  }
  const [inbox] = (await s.t.call('GET', '/api/v1/inbox')).body
  const path = `/api/v1/inbox/${inbox.id}/messages`
  const idle = Array.from({ length: 12 }, () => s.client(`GET ${path} HTTP/1.1`).pause())
  await Promise.all(idle.map((socket) => once(socket, 'readable')))
  const headers = { authorization: `Bearer ${s.t.key}` }
  // When one that reads has its first piece, so have those that came before it.
  const whole = await fetch(`http://127.0.0.1:${s.port}${path}`, { headers })
  expect(await whole.json()).toHaveLength(4)
  for (let i = 0; i < 2; i++) s.t.clock.advance(1_000)
  const got = await Promise.all(idle.map(countBytes))
  expect(got.filter((bytes) => bytes < MAIL_BYTES).length).toBeGreaterThanOrEqual(6)
})

/** What still comes, until the other end is done. */
async function countBytes(socket: Socket): Promise<number> {
  let bytes = 0
  for await (const chunk of socket) {
    bytes += (chunk as Buffer).length
    if (bytes >= MAIL_BYTES) break
  }
  return bytes
}

test('bodies that stop in the middle are cut off when they are too many together', async () => {
  await using s = await serving()
  const head = `POST ${s.inbox}/messages/send HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: ${10 * MB}`
  const stuck = Array.from({ length: 6 }, () => s.client(head, Buffer.alloc(8 * MB, 32)).resume())
  const left = () => {
    s.t.clock.advance(1_000)
    return stuck.filter((socket) => !socket.closed).length
  }
  await expect.poll(left, { timeout: 10_000 }).toBeLessThanOrEqual(3)
  expect(left()).toBeGreaterThan(0)
  for (const socket of stuck) socket.destroy()
})

test('who reads nothing for some minutes is gone', async () => {
  await using s = await serving()
  const { path } = await bigMail(s)
  const socket = s.client(`GET ${path} HTTP/1.1`).pause()
  await new Promise((resolve) => socket.once('readable', resolve))
  for (let i = 0; i < 3; i++) s.t.clock.advance(100_000)
  expect(await countBytes(socket)).toBeLessThan(MAIL_BYTES)
})

/** A server of nothing but this listener, whose clients are watched. */
async function watching(listener: (incoming: IncomingMessage, outgoing: ServerResponse) => void, maxBytes?: number) {
  const clock = manualClock()
  const memory = new ClientMemory({ clock }, { maxBytes })
  const server = createServer((incoming, outgoing) => {
    memory.watch(incoming, outgoing)
    listener(incoming, outgoing)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = (head: string) => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {})
    socket.write(`${head}\r\nHost: x\r\n\r\n`)
    return socket
  }
  const stop = async () => {
    server.closeAllConnections()
    await server[Symbol.asyncDispose]()
  }
  return { clock, client, [Symbol.asyncDispose]: stop }
}

/** Reads this much at a time, and says so each time; resolves with the bytes that came until `enough`, or the other end was done. */
async function readSlowly(socket: Socket, enough: number, onRead: () => void): Promise<number> {
  let bytes = 0
  socket.pause().on('close', () => socket.emit('readable'))
  while (bytes < enough) {
    const chunk: Buffer | null = socket.read(Math.min(64 * 1024, socket.readableLength) || undefined)
    if (chunk) {
      bytes += chunk.length
      onRead()
      // The other end, in this same process, has its turn.
      for (let i = 0; i < 3; i++) await setImmediate()
    } else if (socket.readableEnded || socket.destroyed) break
    else await once(socket, 'readable')
  }
  return bytes
}

test('a download that takes many minutes goes on as long as the client reads', async () => {
  await using s = await watching((_, outgoing) => outgoing.end(Buffer.alloc(20 * MB)))
  const began = s.clock.now()
  const bytes = await readSlowly(s.client('GET / HTTP/1.1'), 20 * MB, () => s.clock.advance(2_000))
  expect(bytes).toBeGreaterThanOrEqual(20 * MB)
  expect(s.clock.now() - began).toBeGreaterThan(600_000)
})

test('of those that have one large piece to read, the ones that read nothing are cut off, and not who reads slowly', async () => {
  await using s = await watching((_, outgoing) => outgoing.end(Buffer.alloc(20 * MB)), 50 * MB)
  // The one that reads came first: it is told from the others by its speed alone.
  const reader = s.client('GET / HTTP/1.1')
  await once(reader, 'readable')
  const idle = Array.from({ length: 4 }, () => s.client('GET / HTTP/1.1').pause())
  await Promise.all(idle.map((socket) => once(socket, 'readable')))
  expect(await readSlowly(reader, 20 * MB, () => s.clock.advance(10))).toBeGreaterThanOrEqual(20 * MB)
  const got = await Promise.all(idle.map((socket) => readSlowly(socket, 20 * MB, () => {})))
  expect(got.filter((bytes) => bytes < 20 * MB).length).toBeGreaterThanOrEqual(2)
})

test('who began within the last second is spared, however much is held', async () => {
  await using s = await watching((_, outgoing) => outgoing.end(Buffer.alloc(20 * MB)), MB)
  const clients = Array.from({ length: 3 }, () => s.client('GET / HTTP/1.1').pause())
  await Promise.all(clients.map((socket) => once(socket, 'readable')))
  s.clock.advance(900)
  const got = await Promise.all(clients.map((socket) => readSlowly(socket, 20 * MB, () => {})))
  expect(got.filter((bytes) => bytes < 20 * MB)).toEqual([])
})

test('a streamed answer that nobody reads counts before its end', async () => {
  const open: ServerResponse[] = []
  await using s = await watching((_, outgoing) => {
    open.push(outgoing)
    outgoing.write(Buffer.alloc(20 * MB))
  }, 50 * MB)
  const clients = Array.from({ length: 5 }, () => s.client('GET / HTTP/1.1').pause())
  await expect.poll(() => open.length).toBe(5)
  for (let i = 0; i < 2; i++) s.clock.advance(1_000)
  expect(open.filter(({ socket }) => socket?.destroyed !== false)).toHaveLength(3)
  for (const socket of clients) socket.destroy()
})

test('an answer that has nothing to send yet may wait for many minutes', async () => {
  let answer: ServerResponse | undefined
  await using s = await watching((_, outgoing) => {
    answer = outgoing
    outgoing.write('first')
  })
  const socket = s.client('GET / HTTP/1.1')
  await once(socket, 'data')
  await expect.poll(() => answer?.socket?.writableLength).toBe(0)
  for (let i = 0; i < 10; i++) s.clock.advance(100_000)
  answer?.end('last')
  const [chunk] = await once(socket, 'data')
  expect(String(chunk)).toContain('last')
})

test('who does not read is not taken for quick because it sends', async () => {
  await using s = await watching((_, outgoing) => outgoing.end(Buffer.alloc(20 * MB)))
  const socket = s.client('GET / HTTP/1.1').pause()
  await once(socket, 'readable')
  for (let i = 0; i < 5; i++) {
    socket.write('G')
    await setImmediate()
    s.clock.advance(50_000)
  }
  expect(await readSlowly(socket, 20 * MB, () => {})).toBeLessThan(20 * MB)
})

test('a body that comes slowly but steadily is taken, and one that stops for some minutes is not', async () => {
  const size = 2 * MB
  let [read, socket] = [0, undefined as Socket | undefined]
  await using s = await watching((incoming, outgoing) => {
    socket = incoming.socket
    incoming.on('data', (chunk: Buffer) => {
      read += chunk.length
    })
    incoming.on('end', () => outgoing.end('done'))
    incoming.on('error', () => {})
  })
  const head = `POST / HTTP/1.1\r\nContent-Length: ${size}`
  const steady = s.client(head)
  for (let sent = 0; sent < size; sent += 128 * 1024) {
    steady.write(Buffer.alloc(128 * 1024))
    await expect.poll(() => read, { interval: 1 }).toBe(sent + 128 * 1024)
    s.clock.advance(20_000)
  }
  expect(String((await once(steady, 'data'))[0])).toContain('done')
  read = 0
  const stuck = s.client(head)
  stuck.write(Buffer.alloc(128 * 1024))
  await expect.poll(() => read).toBe(128 * 1024)
  for (let i = 0; i < 3; i++) s.clock.advance(100_000)
  expect(socket?.destroyed).toBe(true)
})
