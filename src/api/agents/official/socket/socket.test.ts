import { request } from 'node:http'
import { connect } from 'node:net'
import { AgentMailClient } from 'agentmail'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { eventually } from '../../../../../test/support/api-client.ts'
import { type TestApp, testApp } from '../../../../../test/support/app.ts'
import { refusal, SocketClient } from '../../../../../test/support/socket-client.ts'
import type { Log } from '../../../../core/log.ts'
import { HttpServer } from '../../../server.ts'

let t: TestApp
let server: HttpServer
let base: string
let serial = 0
const logged: unknown[] = []

beforeAll(async () => {
  t = await testApp()
  const note = (...line: unknown[]) => void logged.push(line)
  t.app.log = { debug: note, info: note, warn: note, error: note } as unknown as Log
  server = new HttpServer(t.app)
  base = `127.0.0.1:${await server.listen('127.0.0.1', 0)}`
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await t[Symbol.asyncDispose]()
})

const url = (key = t.key, path = '/v0') => `ws://${base}${path}?api_key=${key}`
const open = (key = t.key) => SocketClient.open(url(key))
const subscribe = async (client: SocketClient, fields: object = {}) => {
  const answer = await client.ask({ type: 'subscribe', ...fields })
  expect(answer).toEqual({ type: 'subscribed', ...fields })
}
const newBox = async (key = t.key, path = '/v0') => {
  const { body } = await t.call('POST', `${path}/inboxes`, { key, body: { username: `socket-${++serial}` } })
  return body.inbox_id as string
}
const mail = (to: string, subject = 'News') =>
  t.mail(to, `From: ada@example.com\nTo: ${to}\nSubject: ${subject}\n\nHello`)
const newKey = async (fields: object = {}) => {
  const { body } = await t.call('POST', '/api/v0/api-keys', { body: { name: `key ${++serial}`, ...fields } })
  return body as { key: string; key_id: string }
}

let box: string
beforeEach(async () => {
  box = await newBox()
})

describe('letting in', () => {
  test.each(['/v0', '/v0/', '/api/v0'])('a key in the URL opens %s', async (path) => {
    await using client = await SocketClient.open(url(t.key, path))
    await subscribe(client)
  })

  test('a key in the header does, and counts before one in the URL', async () => {
    const headers = { authorization: `Bearer ${t.key}` }
    for (const query of ['', '?api_key=wrong']) {
      await using client = await SocketClient.open(`ws://${base}/v0${query}`, { headers })
      await subscribe(client)
    }
  })

  test.each([
    ['none', ''],
    ['an unknown one', '?api_key=inai_nobody'],
    ['an empty one', '?api_key='],
    ['one that no header can hold', '?api_key=%0D%0Ax%C3%A9'],
  ])('with %s the upgrade is refused', async (_case, query) => {
    const { status, body } = await refusal(`ws://${base}/v0${query}`)
    expect([status, body]).toEqual([401, expect.objectContaining({ name: 'UnauthorizedError' })])
  })

  test('at another path there is no socket', async () => {
    expect((await refusal(`ws://${base}/v1`)).status).toBe(404)
    expect((await refusal(`ws://${base}/v0/inboxes?api_key=${t.key}`)).status).toBe(404)
  })

  test('who is sent away is let go, whatever it goes on sending', async () => {
    const socket = connect(Number(base.split(':')[1]), '127.0.0.1')
    const key = Buffer.alloc(16).toString('base64')
    const fields = `Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}`
    socket.write(`GET /v1 HTTP/1.1\r\n${fields}\r\n\r\n`)
    // More than the system keeps for who does not read.
    socket.end(Buffer.alloc(16 * 1024 * 1024))
    let answer = ''
    for await (const chunk of socket) answer += chunk
    expect(answer).toMatch(/^HTTP\/1.1 404 /)
    await expect.poll(() => socket.closed).toBe(true)
  })

  test('what asks for another protocol is answered as a plain request', async () => {
    const status = await new Promise((resolve, reject) => {
      const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', authorization: `Bearer ${t.key}` }
      const asked = request(`http://${base}/v0/inboxes`, { headers, agent: false }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      asked.on('error', reject).end()
    })
    expect(status).toBe(200)
  })

  test('no key comes into the log', async () => {
    logged.length = 0
    await using client = await open()
    await subscribe(client)
    await refusal(url('inai_wrong_key'))
    const text = JSON.stringify(logged)
    expect(text).toContain('upgrade')
    for (const secret of [t.key, 'inai_wrong_key', 'api_key']) expect(text).not.toContain(secret)
  })
})

describe('subscriptions', () => {
  test('without a filter everything that the key may see is told, as webhooks tell it', async () => {
    await using client = await open()
    await subscribe(client)
    await mail(box, 'Seen by all')
    expect(await client.next()).toMatchObject({
      ...{ type: 'event', event_type: 'message.received', event_id: expect.any(String) },
      message: { subject: 'Seen by all' },
      thread: { subject: 'Seen by all' },
    })
  })

  test('only the inboxes, the pods and the event types that are named', async () => {
    const [pod] = (await t.call('GET', '/v0/pods')).body.pods ?? []
    const other = await newBox()
    await using one = await open()
    await subscribe(one, { inbox_ids: [box] })
    await using sent = await open()
    await subscribe(sent, { event_types: ['message.sent'] })
    await using inPod = await open()
    if (pod) await subscribe(inPod, { pod_ids: [pod.pod_id], event_types: ['message.received'] })
    await mail(other, 'Elsewhere')
    await mail(box, 'Here')
    await t.call('POST', `/api/v0/inboxes/${encodeURIComponent(box)}/messages/send`, {
      body: { to: 'ada@example.com', text: 'x' },
    })
    await t.work()
    expect(await one.next()).toMatchObject({ message: { subject: 'Here' } })
    expect(await one.next()).toMatchObject({ event_type: 'message.sent' })
    expect(await sent.next()).toMatchObject({ event_type: 'message.sent' })
    if (pod) {
      expect(await inPod.next()).toMatchObject({ message: { subject: 'Elsewhere' } })
      expect(await inPod.next()).toMatchObject({ message: { subject: 'Here' } })
    }
    expect([one.told, sent.told]).toEqual([[], []])
  })

  test('a new one takes the place of the old one', async () => {
    const other = await newBox()
    await using client = await open()
    await subscribe(client, { inbox_ids: [box] })
    await subscribe(client, { inbox_ids: [other] })
    await mail(box)
    await mail(other, 'Other')
    expect(await client.next()).toMatchObject({ message: { subject: 'Other' } })
  })

  test('a deleted inbox leaves the filter, and the filter stays', async () => {
    const other = await newBox()
    await using client = await open()
    await subscribe(client, { inbox_ids: [box], event_types: ['message.received'] })
    await t.call('DELETE', `/v0/inboxes/${box}`)
    await mail(other)
    await subscribe(client)
    await mail(other, 'After')
    expect(await client.next()).toMatchObject({ message: { subject: 'After' } })
  })

  test.each([
    ['no JSON', 'x', 'ValidationError', 'message'],
    ['no object', '[]', 'ValidationError', ''],
    ['another type', '{"type":"unsubscribe"}', 'ValidationError', 'type'],
    [
      'an unknown event type',
      '{"type":"subscribe","event_types":["message.printed"]}',
      'ValidationError',
      'event_types',
    ],
    ['an unknown inbox', '{"type":"subscribe","inbox_ids":["x@posthouse.test"]}', 'NotFoundError', 'inbox'],
    ['an unknown pod', '{"type":"subscribe","pod_ids":["x"]}', 'NotFoundError', ''],
    ['an unknown event', '{"type":"subscribe","since":"evt_x"}', 'NotFoundError', 'event'],
    ['bytes', Buffer.from([1]), 'ValidationError', 'text'],
  ])('%s is told as an error, and the one before goes on', async (_case, text, name, says) => {
    await using client = await open()
    await subscribe(client, { inbox_ids: [box] })
    client.socket.send(text)
    const told = await client.next()
    expect(told).toEqual({ type: 'error', name, message: expect.stringContaining(says) })
    await mail(box, 'Still here')
    expect(await client.next()).toMatchObject({ message: { subject: 'Still here' } })
  })

  test('a message that is too large closes the socket', async () => {
    const client = await open()
    client.say({ type: 'subscribe', inbox_ids: ['x'.repeat(300_000)] })
    expect((await client.closed).code).toBe(1009)
  })

  test('with since, what became spam is kept from keys that may not see spam', async () => {
    await using first = await open()
    await subscribe(first)
    await mail(box, 'Before')
    const { event_id: since } = await first.next()
    await mail(box, 'Hidden')
    const { message } = await first.next()
    await mail(box, 'Shown')
    const path = `/v0/inboxes/${box}/messages/${encodeURIComponent(message.message_id)}`
    expect((await t.call('PATCH', path, { body: { add_labels: ['spam'] } })).status).toBe(200)
    const { key } = await newKey({ permissions: { message_read: true, inbox_read: true } })
    await using second = await open(key)
    await second.ask({ type: 'subscribe', inbox_ids: [box], since })
    expect((await second.next()).message.subject).toBe('Shown')
  })

  test('with since, what was missed comes first, and what follows behind it', async () => {
    const first = await open()
    await subscribe(first, { inbox_ids: [box] })
    await mail(box, 'One')
    const { event_id: since } = await first.next()
    await first[Symbol.asyncDispose]()
    for (let n = 0; n < 5; n++) await mail(box, `Missed ${n}`)
    await using second = await open()
    expect(await second.ask({ type: 'subscribe', inbox_ids: [box], since })).toMatchObject({ type: 'subscribed' })
    await mail(box, 'Live')
    const subjects = []
    while (subjects.at(-1) !== 'Live') subjects.push((await second.next()).message.subject)
    expect(subjects).toEqual(['Missed 0', 'Missed 1', 'Missed 2', 'Missed 3', 'Missed 4', 'Live'])
  })
})

describe('what a key may see', () => {
  test("another organization's inboxes are not found, and its mail is not told", async () => {
    const stranger = await t.organization()
    await using client = await open(stranger)
    expect(await client.ask({ type: 'subscribe', inbox_ids: [box] })).toMatchObject({ name: 'NotFoundError' })
    await subscribe(client)
    const own = await newBox(stranger)
    await mail(box, 'Not yours')
    await mail(own, 'Yours')
    expect(await client.next()).toMatchObject({ message: { subject: 'Yours' } })
  })

  test('a key of one inbox is told of that one only', async () => {
    const other = await newBox()
    const { key } = await newKey({ inbox_id: box })
    await using client = await open(key)
    expect(await client.ask({ type: 'subscribe', inbox_ids: [other] })).toMatchObject({ name: 'NotFoundError' })
    await subscribe(client)
    await mail(other)
    await mail(box, 'Mine')
    expect(await client.next()).toMatchObject({ message: { subject: 'Mine' } })
  })

  test('the variants need their permission, and mail needs its own', async () => {
    const { key } = await newKey({ permissions: { message_read: true } })
    await using client = await open(key)
    for (const variant of ['spam', 'blocked', 'unauthenticated']) {
      const event_types = [`message.received.${variant}`]
      expect(await client.ask({ type: 'subscribe', event_types })).toMatchObject({ name: 'ForbiddenError' })
    }
    const event_types = ['domain.verified']
    expect(await client.ask({ type: 'subscribe', event_types })).toMatchObject({ name: 'ForbiddenError' })
    const { key: blind } = await newKey({ permissions: { inbox_read: true } })
    await using deaf = await open(blind)
    expect(await deaf.ask({ type: 'subscribe', event_types: ['message.sent'] })).toMatchObject({
      name: 'ForbiddenError',
    })
    await subscribe(deaf)
    await mail(box)
    await subscribe(deaf)
  })

  test('a key that is revoked closes its sockets at once, and no others', async () => {
    const { key, key_id } = await newKey()
    await using other = await open()
    const clients = await Promise.all([open(key), open(key), open(key)])
    await subscribe(clients[0]!)
    await t.call('DELETE', `/api/v0/api-keys/${key_id}`)
    for (const client of clients) expect((await client.closed).code).toBe(1008)
    await subscribe(other)
  })

  test('a key that expires closes its sockets, and so does the end of its inbox', async () => {
    const { key } = await newKey({ expires_at: new Date(t.clock.now() + 60_000).toISOString() })
    const client = await open(key)
    await subscribe(client)
    t.clock.advance(60_001)
    expect((await client.closed).code).toBe(1008)
    const { key: ofBox } = await newKey({ inbox_id: box })
    const inside = await open(ofBox)
    await subscribe(inside)
    await t.call('DELETE', `/v0/inboxes/${box}`)
    expect((await inside.closed).code).toBe(1008)
  })
})

describe('staying open', () => {
  test('every half minute the peer is asked, and who does not answer twice is cut off', async () => {
    await using alive = await open()
    const dead = await SocketClient.open(url(), { autoPong: false })
    const pings = { alive: 0, dead: 0 }
    alive.socket.on('ping', () => pings.alive++)
    dead.socket.on('ping', () => pings.dead++)
    for (let round = 1; round <= 2; round++) {
      t.clock.advance(30_000)
      await eventually(
        async () => pings,
        (seen) => seen.alive === round && seen.dead === round,
      )
      await subscribe(alive)
    }
    t.clock.advance(30_000)
    expect((await dead.closed).code).toBe(1006)
    await subscribe(alive)
  })

  test('two hundred sockets are all told, in the order of the mails', async () => {
    const clients = await Promise.all(Array.from({ length: 200 }, () => open()))
    await Promise.all(clients.map((client) => subscribe(client, { inbox_ids: [box] })))
    for (let n = 0; n < 10; n++) await mail(box, `Mail ${n}`)
    for (const client of clients) {
      for (let n = 0; n < 10; n++) expect((await client.next()).message.subject).toBe(`Mail ${n}`)
    }
    await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()))
  })

  test('a reader that is more than a thousand events behind is closed, and others miss nothing', async () => {
    const slow = await open()
    await subscribe(slow, { inbox_ids: [box] })
    await using quick = await open()
    await subscribe(quick, { inbox_ids: [box] })
    slow.socket.pause()
    const text = 'The engine weaves. '.repeat(10_000)
    const many = 1_300
    for (let n = 0; n < many; n++) {
      await t.mail(box, `From: ada@example.com\nSubject: Mail ${n}\n\n${n < 100 ? text : 'short'}`)
    }
    for (let n = 0; n < many; n++) expect((await quick.next()).message.subject).toBe(`Mail ${n}`)
    // The network holds some; then comes the close, or the end of patience.
    slow.socket.resume()
    expect([1013, 1006]).toContain((await slow.closed).code)
    expect(slow.told.length).toBeLessThan(many - 1_000)
  }, 60_000)

  test('a peer that says nothing after the handshake, or half a frame, harms nobody', async () => {
    const [host = '', port] = base.split(':')
    const raw = connect(Number(port), host)
    raw.write(
      `GET /v0?api_key=${t.key} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    )
    const answered = await new Promise<string>((resolve) => raw.once('data', (chunk) => resolve(chunk.toString())))
    expect(answered).toMatch(/^HTTP\/1.1 101 /)
    raw.write(Buffer.from([0x81]))
    raw.destroy()
    await using client = await open()
    await subscribe(client)
  })

  test('a server that stops says so to everybody', async () => {
    const own = await testApp()
    const stopping = new HttpServer(own.app)
    const port = await stopping.listen('127.0.0.1', 0)
    const clients = await Promise.all(
      Array.from({ length: 5 }, () => SocketClient.open(`ws://127.0.0.1:${port}/v0?api_key=${own.key}`)),
    )
    await subscribe(clients[0]!)
    await stopping[Symbol.asyncDispose]()
    for (const client of clients) expect((await client.closed).code).toBe(1001)
    await own[Symbol.asyncDispose]()
  })
})

describe('the official client', () => {
  test('connects, subscribes, and is told', async () => {
    const client = new AgentMailClient({
      apiKey: t.key,
      environment: { http: `http://${base}`, websockets: `ws://${base}` },
    })
    const socket = await client.websockets.connect()
    // biome-ignore lint/suspicious/noExplicitAny: events of every shape
    const told: any[] = []
    socket.on('message', (message) => told.push(message))
    await socket.waitForOpen()
    socket.sendSubscribe({ type: 'subscribe', inboxIds: [box], eventTypes: ['message.received'] })
    await eventually(
      async () => told.length,
      (count) => count === 1,
    )
    expect(told.shift()).toEqual({ type: 'subscribed', inboxIds: [box], eventTypes: ['message.received'] })
    await mail(box, 'By the library')
    await eventually(
      async () => told.length,
      (count) => count === 1,
    )
    expect(told[0]).toMatchObject({
      eventType: 'message.received',
      eventId: expect.any(String),
      message: { subject: 'By the library', inboxId: box, createdAt: expect.any(Date) },
      thread: { inboxId: box, updatedAt: expect.any(Date) },
    })
    socket.close()
  })

  test('is let in by its base URL alone, and by a key in the arguments', async () => {
    const client = new AgentMailClient({ apiKey: t.key, baseUrl: `http://${base}` })
    const socket = await client.websockets.connect({ apiKey: t.key })
    await socket.waitForOpen()
    socket.close()
  })
})
