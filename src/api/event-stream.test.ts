import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../test/support/app.ts'
import { reachOf } from '../core/accounts/caller.ts'
import { authenticateKey } from '../core/accounts/keys.ts'
import { Failure } from '../core/errors.ts'
import { followEvents } from '../core/events/follow.ts'
import type { EventId } from '../core/ids.ts'
import { eventStream, lastEventId, type ServerSentEvent } from './event-stream.ts'

let t: TestApp
let address: string

beforeAll(async () => {
  t = await testApp()
  const { body } = await t.call('POST', '/api/v0/inboxes', { body: { username: 'streamed' } })
  address = body.email_address
})
afterAll(() => t[Symbol.asyncDispose]())

/** The log of the first organization, as a dialect would stream it. */
async function stream(request: Request): Promise<Response> {
  const reach = reachOf(await authenticateKey(t.app, t.key))
  return eventStream(t.app, request, async (signal) => {
    const from = lastEventId(request) as EventId | null
    const events = await followEvents(t.app, { reach, ...(from && { from }), signal })
    return toEvents(events)
  })
}

async function* toEvents(events: Awaited<ReturnType<typeof followEvents>>): AsyncIterable<ServerSentEvent> {
  for await (const { id, type, messageId } of events) {
    yield { id, event: type, data: JSON.stringify({ messageId }, null, 1) }
  }
}

const ask = (headers: Record<string, string> = {}) => stream(new Request('http://posthouse.test', { headers }))
const mail = (subject: string) => t.mail(address, `From: ada@example.com\nSubject: ${subject}\n\nHello`)

/** Reads a stream piece by piece. */
function reading(response: Response) {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  return { next: async () => (await reader.read()).value, cancel: () => reader.cancel() }
}

describe('a stream of events', () => {
  test('tells them as they come', async () => {
    const response = await ask()
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const client = reading(response)
    expect(await client.next()).toBe('retry: 2000\n\n')
    const [filed] = await mail('One')
    expect(filed?.result).toBe('stored')
    const { messageId } = filed as { messageId: string }
    expect(await client.next()).toMatch(
      new RegExp(
        `^id: [0-9a-f-]{36}\nevent: message.received\ndata: {\ndata:  "messageId": "${messageId}"\ndata: }\n\n$`,
      ),
    )
    await client.cancel()
  })

  test('goes on behind the event that the client had', async () => {
    const client = reading(await ask())
    await client.next()
    await mail('Had')
    const id = /^id: (.*)$/m.exec((await client.next()) ?? '')?.[1] ?? ''
    await client.cancel()
    const missed = [await mail('Missed'), await mail('Too')].flat() as { messageId: string }[]
    const again = reading(await ask({ 'last-event-id': id }))
    await again.next()
    for (const { messageId } of missed) expect(await again.next()).toContain(messageId)
    await again.cancel()
  })

  test('an unknown place is refused before anything is answered', async () => {
    await expect(ask({ 'last-event-id': '01900000-0000-7000-8000-000000000000' })).rejects.toMatchObject({
      code: 'not_found',
    })
  })

  test('says something now and then while nothing happens', async () => {
    const client = reading(await ask())
    await client.next()
    for (let n = 0; n < 3; n++) {
      const beat = client.next()
      await new Promise(setImmediate)
      t.clock.advance(15_000)
      expect(await beat).toBe(':\n\n')
    }
    await mail('After')
    expect(await client.next()).toContain('message.received')
    await client.cancel()
  })

  test('a client that does not read is told everything later', async () => {
    const client = reading(await ask())
    await client.next()
    const filed: { messageId: string }[] = []
    for (let n = 0; n < 1_200; n++) filed.push(...((await mail(`Mail ${n}`)) as { messageId: string }[]))
    for (const { messageId } of filed) expect(await client.next()).toContain(messageId)
    await client.cancel()
  })

  test('ends when the log cannot be read, or the events end', async () => {
    async function* failing(): AsyncIterable<ServerSentEvent> {
      yield { id: '1', data: 'one' }
      throw new Failure('unavailable', 'The store is away')
    }
    const request = new Request('http://posthouse.test')
    const text = await (await eventStream(t.app, request, async () => failing())).text()
    expect(text).toBe('retry: 2000\n\nid: 1\ndata: one\n\n')
  })
})

test('over the wire, a client that goes away ends the listening', async () => {
  let ended = () => {}
  const end = new Promise<void>((resolve) => {
    ended = resolve
  })
  const listener = getRequestListener((request) =>
    eventStream(t.app, request, async (signal) => {
      signal.addEventListener('abort', ended)
      const reach = reachOf(await authenticateKey(t.app, t.key))
      return toEvents(await followEvents(t.app, { reach, signal }))
    }),
  )
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const client = get({ port, host: '127.0.0.1', agent: false }).on('error', () => {})
  await new Promise<void>((resolve) => client.on('response', (response) => response.once('data', () => resolve())))
  client.destroy()
  await end
  await new Promise<void>((resolve) => server.close(() => resolve()))
})
