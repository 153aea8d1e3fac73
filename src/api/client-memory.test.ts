import { connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { testApp } from '../../test/support/app.ts'
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
  /** Whether the server knows the connection still. */
  const alive = async (socket: Socket) => !socket.destroyed && !socket.readableEnded
  return { t, port, inbox, client, alive, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

test('clients that never read a large answer are cut off when there are too many, and one that reads has all of it', async () => {
  await using s = await serving()
  await s.t.mail(
    'big@posthouse.test',
    Buffer.concat([Buffer.from('Subject: x\r\n\r\n'), Buffer.alloc(MAIL_BYTES, 120)]),
  )
  const [item] = (await s.t.call('GET', `${s.inbox}/messages`)).body.data
  const path = `${s.inbox}/messages/${item.message_id}/eml`
  const idle = Array.from({ length: 8 }, () => s.client(`GET ${path} HTTP/1.1`).pause())
  await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once('readable', resolve))))
  s.t.clock.advance(2_000)
  const headers = { authorization: `Bearer ${s.t.key}` }
  const whole = await fetch(`http://127.0.0.1:${s.port}${path}`, { headers })
  expect((await whole.arrayBuffer()).byteLength).toBe(item.size)
  const got = await Promise.all(idle.map(countBytes))
  expect(got.filter((bytes) => bytes < MAIL_BYTES).length).toBeGreaterThanOrEqual(5)
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

test('who reads nothing for a minute is gone', async () => {
  await using s = await serving()
  await s.t.mail(
    'big@posthouse.test',
    Buffer.concat([Buffer.from('Subject: x\r\n\r\n'), Buffer.alloc(MAIL_BYTES, 120)]),
  )
  const [item] = (await s.t.call('GET', `${s.inbox}/messages`)).body.data
  const socket = s.client(`GET ${s.inbox}/messages/${item.message_id}/eml HTTP/1.1`).pause()
  await new Promise((resolve) => socket.once('readable', resolve))
  for (let i = 0; i < 3; i++) s.t.clock.advance(40_000)
  expect(await countBytes(socket)).toBeLessThan(MAIL_BYTES)
})
