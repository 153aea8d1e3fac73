import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'

let t: TestApp
let inbox: { id: string; address: string }
beforeAll(async () => {
  t = await testApp()
})
afterAll(() => t[Symbol.asyncDispose]())
beforeEach(async () => {
  inbox = (await t.call('POST', '/v1/inboxes')).body
})

const wait = (query = '', signal?: AbortSignal) =>
  t.fetch(`/v1/inboxes/${inbox.id}/wait${query}`, {
    headers: { authorization: `Bearer ${t.key}` },
    ...(signal && { signal }),
  })
const waited = async (query = '') => (await wait(query)).json() as Promise<{ message: { subject: string } | null }>
const mail = (subject: string, from = 'a@example.com') =>
  t.mail(inbox.address, `From: ${from}\nSubject: ${subject}\n\nYour code is 498212`)
const settled = async () => {
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
}

test('the message that comes is answered whole, and a list shows it at once', async () => {
  const answer = waited()
  await settled()
  await mail('Your code')
  const { message } = await answer
  const [item] = (await t.call('GET', `/v1/messages?inbox=${inbox.id}`)).body.items
  expect(message).toMatchObject({ ...item, textBody: 'Your code is 498212', codes: [{ value: '498212' }] })
  expect((await t.call('GET', `/v1/messages/${item.uid}?domain=${item.domain}`)).body).toEqual(message)
})

test('what came before is answered oldest first, each once; two who wait get the same', async () => {
  await mail('One')
  await mail('Two')
  expect((await waited())?.message?.subject).toBe('One')
  expect((await waited())?.message?.subject).toBe('Two')
  const both = [waited(), waited()]
  await settled()
  await mail('Three')
  expect((await Promise.all(both)).map(({ message }) => message?.subject)).toEqual(['Three', 'Three'])
})

test('with `after`, the oldest that came later, so that a loop walks through all', async () => {
  for (const subject of ['One', 'Two', 'Three']) await mail(subject)
  const seen = []
  for (let after = '2020-01-01T00:00:00Z'; ; ) {
    const { message } = (await waited(`?timeout=0&after=${after}`)) as {
      message: { subject: string; receivedAt: string } | null
    }
    if (!message) break
    seen.push(message.subject)
    after = message.receivedAt
  }
  expect(seen).toEqual(['One', 'Two', 'Three'])
  expect((await waited('?timeout=0')).message).toBeNull()
})

test('`after` is understood in the spellings of ISO 8601 that programs print', async () => {
  await mail('One')
  const { receivedAt } = (await t.call('GET', `/v1/messages?inbox=${inbox.id}`)).body.items[0]
  const at = Date.parse(receivedAt)
  const local = (ms: number) => new Date(ms).toISOString().slice(0, -1)
  const spelled = (ms: number) => [
    `${local(ms)}Z`,
    local(ms),
    ...['+01:00', '+0100', '%2B0100'].map((offset) => `${local(ms + 3_600_000)}${offset}`),
    `${local(ms - 19_800_000)}-0530`,
  ]
  for (const after of spelled(at - 1))
    expect([after, (await waited(`?timeout=0&after=${after}`)).message]).not.toContain(null)
  for (const after of spelled(at)) expect([after, (await waited(`?timeout=0&after=${after}`)).message]).toContain(null)
  expect((await waited('?timeout=0&after=2020-01-01')).message?.subject).toBe('One')
})

test('when the time is up the answer is null; more than thirty seconds are thirty', async () => {
  expect(await waited('?timeout=0')).toEqual({ message: null })
  const answer = waited('?timeout=600')
  await settled()
  t.clock.advance(29_998)
  await settled()
  t.clock.advance(10)
  expect(await answer).toEqual({ message: null })
})

test('only what matches ends it', async () => {
  await mail('Newsletter', 'news@example.com')
  await mail('Code', 'login@example.com')
  expect((await waited('?timeout=0&from=login@')).message?.subject).toBe('Code')
  expect((await waited('?timeout=0&subject=news')).message?.subject).toBe('Newsletter')
})

test('a wait for a code, or for a link, passes over what has none', async () => {
  await t.mail(inbox.address, 'From: a@example.com\nSubject: Hello\n\nNothing in it')
  await t.mail(inbox.address, 'From: a@example.com\nSubject: Link\n\nhttps://example.com/verify?t=1')
  await mail('Code')
  expect((await waited('?timeout=0&has=code')).message?.subject).toBe('Code')
  expect((await waited('?timeout=0&has=link')).message?.subject).toBe('Link')
  expect((await waited('?timeout=0')).message?.subject).toBe('Hello')
})

test('HEAD hands nothing out', async () => {
  await mail('Kept')
  const head = (path: string) => t.fetch(path, { method: 'HEAD', headers: { authorization: `Bearer ${t.key}` } })
  for (const path of [`inboxes/${inbox.id}/wait`, 'messages', 'messages/1?domain=posthouse.test']) {
    const { status, headers } = await head(`/v1/${path}`)
    expect([path, status, headers.get('allow')]).toEqual([path, 405, expect.not.stringMatching('HEAD')])
  }
  const elsewhere = [
    `/api/v0/inboxes/${inbox.id}/wait`,
    ...['messages/wait', 'events'].map((path) => `/api/v1/inbox/${inbox.id}/${path}`),
  ]
  for (const path of elsewhere) {
    expect((await head(path)).status).toBe(405)
  }
  expect((await waited('?timeout=0')).message?.subject).toBe('Kept')
})

test.each([
  'has=x',
  'timeout=-1',
  'timeout=x',
  'timeout=NaN',
  'after=yesterday',
  'after=',
  'after=2026-02-30T00:00:00',
  'after=12:00+0100',
])('%s is refused', async (query) => {
  const { status, body } = await t.call('GET', `/v1/inboxes/${inbox.id}/wait?${query}`)
  expect([status, body.error.code]).toEqual([400, 'invalid_request'])
})

test('an inbox that is deleted, or that ends, ends the wait', async () => {
  const answer = wait()
  await settled()
  await t.call('DELETE', `/v1/inboxes/${inbox.id}`)
  expect((await answer).status).toBe(404)
  inbox = (await t.call('POST', '/v1/inboxes')).body
  const { expiresAt } = inbox as unknown as { expiresAt: string }
  t.clock.advance(Date.parse(expiresAt) - t.clock.now() - 5_000)
  const last = wait()
  await settled()
  t.clock.advance(5_000)
  expect((await last).status).toBe(404)
})

test('twenty waits for one key, and a client that goes makes room', async () => {
  const clients = Array.from({ length: 20 }, () => new AbortController())
  const answers = clients.map(({ signal }) => wait('', signal))
  await settled()
  const { status, headers, body } = await t.call('GET', `/v1/inboxes/${inbox.id}/wait`)
  expect([status, body.error.code, headers.get('retry-after')]).toEqual([429, 'rate_limited', '1'])
  clients[0]?.abort()
  await answers[0]?.catch(() => {})
  await settled()
  expect((await t.call('GET', `/v1/inboxes/${inbox.id}/wait?timeout=0`)).status).toBe(200)
  for (const client of clients) client.abort()
  await Promise.allSettled(answers)
})
