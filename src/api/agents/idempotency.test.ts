import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'

let t: TestApp
let inbox: { inbox_id: string; email_address: string }
let serial = 0

beforeAll(async () => {
  t = await testApp()
})
afterAll(() => t[Symbol.asyncDispose]())
beforeEach(async () => {
  inbox = (await t.call('POST', '/api/v0/inboxes', { body: { username: `box-${++serial}` } })).body
})

const path = (rest = '') => `/api/v0/inboxes/${inbox.inbox_id}/messages${rest}`
const get = async (rest = '') => (await t.call('GET', path(rest))).body
const total = async () => (await get()).total
const send = (body: object, headers = {}) => t.call('POST', path('/send'), { body, headers })

async function receive(text: string) {
  await t.mail(inbox.email_address, text)
  return (await get('?direction=inbound&page_size=1')).data[0].message_id
}

describe('an idempotency key', () => {
  const key = (text: string) => ({ 'idempotency-key': text })

  test.each(['', ' ', 'a b', 'ä', 'x'.repeat(257)])('%j is none', async (text) => {
    const refused = await send({ to: 'a@example.com' }, key(text))
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ path: ['Idempotency-Key'] }] } })
  })

  test('makes one mail of the same call, on all four ways to send', async () => {
    const id = await receive('From: a@example.com\nSubject: x\n\ny')
    const calls = ['/send', `/${id}/reply`, `/${id}/reply-all`, `/${id}/forward`]
    for (const [at, call] of calls.entries()) {
      const options = { body: { to: 'b@example.com', text: 'once' }, headers: key(`four-${serial}-${at}`) }
      const before = await total()
      const [first, again] = [await t.call('POST', path(call), options), await t.call('POST', path(call), options)]
      expect(first.status).toBe(200)
      expect([again.status, again.body]).toEqual([200, first.body])
      expect(await total()).toBe(before + 1)
    }
  })

  test('with another body, inbox or endpoint is a conflict', async () => {
    const headers = key(`conflict-${serial}`)
    await send({ to: 'a@example.com' }, headers)
    const refused = await send({ to: 'b@example.com' }, headers)
    expect(refused).toMatchObject({ status: 409, body: { name: 'ConflictError', code: 'conflict' } })
    const other = (await t.call('POST', '/api/v0/inboxes', { body: { username: `other-${serial}` } })).body.inbox_id
    const elsewhere = await t.call('POST', `/api/v0/inboxes/${other}/messages/send`, {
      body: { to: 'a@example.com' },
      headers,
    })
    expect(elsewhere.status).toBe(409)
    const id = await receive('From: a@example.com\n\ny')
    expect((await t.call('POST', path(`/${id}/reply`), { body: { to: 'a@example.com' }, headers })).status).toBe(409)
  })

  test('twenty at once make one mail', async () => {
    const headers = key(`parallel-${serial}`)
    const answers = await Promise.all(Array.from({ length: 20 }, () => send({ to: 'a@example.com' }, headers)))
    const good = answers.filter((a) => a.status === 200)
    expect(good.length).toBeGreaterThan(0)
    expect(new Set(good.map((a) => a.body.message_id)).size).toBe(1)
    for (const waiting of answers.filter((a) => a.status !== 200)) {
      expect(waiting).toMatchObject({ status: 409, body: { code: 'conflict' } })
      expect(waiting.headers.get('retry-after')).toBe('1')
    }
    expect(await total()).toBe(1)
  })

  test('of a call that failed is free again', async () => {
    const headers = key(`failed-${serial}`)
    const attachments = [{ url: 'https://files.example/none' }]
    t.files.clear()
    expect((await send({ to: 'a@example.com', attachments }, headers)).status).toBe(422)
    expect((await send({ to: 'a@example.com' }, headers)).status).toBe(200)
  })

  test('is kept for a day, and every organization has its own', async () => {
    const headers = key(`day-${serial}`)
    const first = await send({ to: 'a@example.com' }, headers)
    t.clock.advance(23 * 3_600_000)
    expect((await send({ to: 'a@example.com' }, headers)).body).toEqual(first.body)
    t.clock.advance(2 * 3_600_000)
    expect((await send({ to: 'a@example.com' }, headers)).body.message_id).not.toBe(first.body.message_id)
  })

  test('nobody needs one: two equal calls are two mails', async () => {
    await send({ to: 'a@example.com' })
    await send({ to: 'a@example.com' })
    expect(await total()).toBe(2)
  })
})
