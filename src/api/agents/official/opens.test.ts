import type { AgentMail, AgentMailClient } from 'agentmail'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type FakeRecords, fakeResolver } from '../../../../test/fakes/dns-zone.ts'
import { agentmail, refusalOf } from '../../../../test/support/agentmail.ts'
import { type TestApp, testApp } from '../../../../test/support/app.ts'
import { publish } from '../../../../test/support/published.ts'
import { SocketClient } from '../../../../test/support/socket-client.ts'
import { startReceiver } from '../../../../test/support/webhook-receiver.ts'
import { WebhookWorker } from '../../../core/webhooks/worker.ts'
import { HttpServer } from '../../server.ts'

const GIF = 'R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
const html = '<html><body><p>Seen?</p></body></html>'

let t: TestApp
let client: AgentMailClient
let desk: string
let reader: string
let serial = 0

beforeAll(async () => {
  const zone: Record<string, FakeRecords> = {}
  t = await testApp({ allowNet: ['127.0.0.0/8'] })
  client = agentmail(t)
  t.app.freshResolver = fakeResolver(zone)
  for (const [domain, trackingEnabled, shown] of [
    ['seen.example', true, true],
    ['unseen.example', false, true],
    ['unshown.example', true, false],
  ] as const) {
    const { records } = await client.domains.create({ domain, trackingEnabled })
    Object.assign(zone, publish(...(records.filter(({ type }) => shown || type !== 'CNAME') as never[])))
    t.app.freshResolver = fakeResolver(zone)
    await client.domains.verify(domain)
    expect(await client.domains.get(domain)).toMatchObject({ status: 'VERIFIED', trackingEnabled })
  }
  reader = (await client.inboxes.create({ username: 'reader' })).inboxId
})
afterAll(() => t[Symbol.asyncDispose]())
beforeEach(async () => {
  desk = (await client.inboxes.create({ username: `desk-${++serial}`, domain: 'seen.example' })).inboxId
})

const send = (fields: AgentMail.SendMessageRequest = {}, from = desk) =>
  client.inboxes.messages.send(from, { to: reader, subject: 'Seen?', html, trackOpens: true, ...fields })
const labelsOf = async (id: string) => (await client.inboxes.messages.get(desk, id)).labels
const changesOf = async (label: string) =>
  (await client.inboxes.events.list(desk)).events.filter((event) => event.label === label)

/** The html as the reader has it. */
async function received(): Promise<string> {
  await t.work()
  const { messages } = await client.inboxes.messages.list(reader, { from: [desk], limit: 1 })
  return (await client.inboxes.messages.get(reader, messages[0]!.messageId)).html!
}

/** Where the picture in a mail is. */
async function pathOf(): Promise<string> {
  const pictures = [...(await received()).matchAll(/<img src="http:\/\/posthouse\.test(\/opens\/[^"]+)"/g)]
  expect(pictures).toHaveLength(1)
  return pictures[0]![1]!
}

async function load(path: string, method = 'GET') {
  const response = await t.fetch(path, { method })
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/gif'])
  expect(response.headers.get('cache-control')).toContain('no-store')
  expect(Buffer.from(await response.arrayBuffer()).toString('base64')).toBe(method === 'HEAD' ? '' : GIF)
}

describe('a tracked message', () => {
  test('holds one picture for its readers, and none for its sender', async () => {
    const { messageId } = await send()
    expect(await received()).toMatch(
      /^<html><body><p>Seen\?<\/p><img src="[^"]+\.gif" width="1" height="1"[^>]*><\/body>/,
    )
    const own = await client.inboxes.messages.get(desk, messageId)
    expect([own.html, own.text]).toEqual([html, undefined])
    expect(own.extractedHtml).not.toContain('opens')
    expect(own.extractedHtml).toContain('Seen?')
  })

  test('is labelled and told of when it is opened first, and never again', async () => {
    const { messageId } = await send()
    const path = await pathOf()
    expect(await labelsOf(messageId)).toEqual(['sent'])
    await load(path, 'HEAD')
    expect(await labelsOf(messageId)).toEqual(['sent'])
    await load(path)
    expect(await labelsOf(messageId)).toEqual(['sent', 'opened'])
    const { updatedAt } = await client.inboxes.messages.get(desk, messageId)
    await load(path)
    expect((await client.inboxes.messages.get(desk, messageId)).updatedAt).toEqual(updatedAt)
    expect(await changesOf('opened')).toMatchObject([{ eventType: 'label.added', messageId }])
  })

  test('counts once, however many open it at the same time', async () => {
    await send()
    const path = await pathOf()
    await Promise.all([load(path), load(path), load(path)])
    expect(await changesOf('opened')).toHaveLength(1)
  })

  test('is found by its label', async () => {
    await send({ subject: 'Unseen' })
    const { messageId, threadId } = await send()
    const list = async () => (await client.inboxes.messages.list(desk, { labels: ['opened'] })).messages
    const threads = async () => (await client.inboxes.threads.list(desk, { labels: ['opened'] })).threads
    expect([await list(), await threads()]).toEqual([[], []])
    await load(await pathOf())
    expect((await list()).map((m) => m.messageId)).toEqual([messageId])
    expect((await threads()).map((thread) => thread.threadId)).toEqual([threadId])
  })

  test('keeps its label when its own labels change', async () => {
    const { messageId } = await send({ labels: ['news'] })
    await load(await pathOf())
    await client.inboxes.messages.update(desk, messageId, { addLabels: ['read'], removeLabels: ['news'] })
    expect(await labelsOf(messageId)).toEqual(['sent', 'opened', 'read'])
    const refused = client.inboxes.messages.update(desk, messageId, { removeLabels: ['opened'] })
    expect(await refusalOf(refused)).toEqual({ status: 400, code: 'validation_error' })
  })

  test('shows nothing of it over the seed API', async () => {
    const { messageId } = await send()
    await load(await pathOf())
    const box = await t.call('GET', `/api/v0/inboxes`)
    const { inbox_id } = box.body.data.find((one: { email_address: string }) => one.email_address === desk)
    const { body } = await t.call('GET', `/api/v0/inboxes/${inbox_id}/messages/${encodeURIComponent(messageId)}`)
    expect(body).toMatchObject({ labels: [] })
    expect(body).not.toHaveProperty('opened')
  })

  test('is an answer or a forward as well', async () => {
    const { messageId } = await send({ trackOpens: false })
    const { messages } = client.inboxes
    const answer = { html: '<p>Again</p>', trackOpens: true }
    for (const again of [
      () => messages.reply(desk, messageId, { ...answer, to: [reader] }),
      () => messages.replyAll(desk, messageId, answer),
      () => messages.forward(desk, messageId, { ...answer, to: [reader] }),
    ]) {
      const sent = await again()
      await load(await pathOf())
      expect(await labelsOf(sent.messageId)).toContain('opened')
    }
    expect(await labelsOf(messageId)).toEqual(['sent'])
  })

  test('says nothing any more when it is deleted', async () => {
    const { messageId } = await send()
    const path = await pathOf()
    await client.inboxes.messages.delete(desk, messageId)
    await load(path)
    expect(await changesOf('opened')).toEqual([])
    await client.inboxes.delete(desk)
    await load(path)
  })
})

test('a picture of nothing looks the same', async () => {
  const { messageId } = await send()
  const path = await pathOf()
  const other = path.replace(/.(?=\.gif$)/, (last) => (last === 'A' ? 'B' : 'A'))
  for (const wrong of [other, '/opens/x', '/opens/..gif', '/opens/%00.%FF.gif', `/opens/${messageId}.gif`]) {
    await load(wrong)
  }
  expect(await labelsOf(messageId)).toEqual(['sent'])
  expect((await t.fetch(path, { method: 'POST' })).status).toBe(405)
})

test.each([
  ['without html', { html: undefined, text: 'Seen?' }, 'seen', 400, 'validation_error'],
  ['with empty html', { html: '' }, 'seen', 400, 'validation_error'],
  ['from a domain that does not track', {}, 'unseen', 422, 'unprocessable'],
  ['from one whose DNS does not say so', {}, 'unshown', 422, 'unprocessable'],
] as const)('tracking %s is refused, and nothing is sent', async (_case, fields, domain, status, code) => {
  const { inboxId } = await client.inboxes.create({ domain: `${domain}.example` })
  expect(await refusalOf(send(fields as object, inboxId))).toEqual({ status, code })
  expect((await client.inboxes.messages.list(inboxId)).count).toBe(0)
  await send({ ...(fields as object), trackOpens: false }, inboxId)
})

test('webhooks and sockets are told once', async () => {
  await using receiver = await startReceiver()
  await using server = new HttpServer(t.app)
  const port = await server.listen('127.0.0.1', 0)
  await using socket = await SocketClient.open(`ws://127.0.0.1:${port}/v0?api_key=${t.key}`)
  await client.inboxes.webhooks.create(desk, { url: receiver.url, eventTypes: ['message.opened'] })
  await socket.ask({ type: 'subscribe', event_types: ['message.opened'], inbox_ids: [desk] })
  const { messageId, threadId } = await send()
  const path = await pathOf()
  await load(path)
  await load(path)
  await using worker = new WebhookWorker(t.app)
  await worker.idle()
  const open = { inbox_id: desk, thread_id: threadId, message_id: messageId, timestamp: expect.any(String) }
  const told = { type: 'event', event_type: 'message.opened', event_id: expect.any(String), open }
  expect(receiver.requests.map(({ body }) => JSON.parse(body))).toEqual([expect.objectContaining(told)])
  expect(await socket.next()).toEqual(expect.objectContaining(told))
  expect(socket.told).toEqual([])
  await t.work()
  const counted = await client.metrics.queryEvents()
  expect(Object.keys(counted)).toContain('message.sent')
  expect(Object.keys(counted)).not.toContain('message.opened')
})
