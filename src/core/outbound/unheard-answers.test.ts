import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'

let t: TestApp
let inbox: string

beforeEach(async () => {
  t = await testApp()
  inbox = (await t.call('POST', '/v0/inboxes', { body: { username: 'box' } })).body.inbox_id
})
afterEach(() => t[Symbol.asyncDispose]())

const body = { to: 'a@example.com', subject: 'Once', text: 'x' }

const send = async (signal?: AbortSignal, message: object = body, key = t.key) => {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const init = { method: 'POST', headers, body: JSON.stringify(message), ...(signal && { signal }) }
  const response = await t.fetch(`/v0/inboxes/${inbox}/messages/send`, init)
  return { status: response.status, body: await response.json() }
}
const sent = async () => (await t.call('GET', `/v0/inboxes/${inbox}/messages?labels=sent`)).body.count

/** From now on the store loses its word of `outbound.enqueue`, after or before doing it, so many times. */
function loseAnswers({ done, times }: { done: boolean; times: number }): void {
  const run = t.app.store.run.bind(t.app.store)
  let left = times
  t.app.store.run = (async (name: 'outbound.enqueue', input: never) => {
    const lost = name === 'outbound.enqueue' && left-- > 0
    if (!lost) return run(name, input)
    if (done) await run(name, input)
    throw new Error('the connection is gone')
  }) as typeof run
}

describe('a send without a key', () => {
  test('made twice is two mails', async () => {
    const [first, second] = [await send(), await send()]
    expect(first.body.message_id).not.toBe(second.body.message_id)
    expect(await sent()).toBe(2)
  })

  test('whose caller left before the answer is answered again for a minute', async () => {
    const leaving = new AbortController()
    const first = await send(leaving.signal)
    leaving.abort()
    expect((await send()).body).toEqual(first.body)
    expect((await send()).body).toEqual(first.body)
    expect(await sent()).toBe(1)
    t.clock.advance(60_000)
    await send()
    expect(await sent()).toBe(2)
  })

  test('whose caller left while it runs is joined', async () => {
    const leaving = new AbortController()
    const first = send(leaving.signal)
    const second = (async () => {
      leaving.abort()
      return send()
    })()
    const [one, two] = await Promise.all([first, second])
    expect(two.body).toEqual(one.body)
    expect(await sent()).toBe(1)
  })

  test.each([
    ['after it was queued', true],
    ['before it was queued', false],
  ])('that failed %s is one mail when it is repeated', async (_case, done) => {
    loseAnswers({ done, times: done ? 1 : 2 })
    expect((await send()).status).toBe(500)
    expect((await send()).status).toBe(done ? 200 : 500)
    expect((await send()).status).toBe(200)
    expect(await sent()).toBe(1)
  })

  test.each([
    ['another message', { ...body, subject: 'Other' }],
    ['another recipient', { ...body, to: 'b@example.com' }],
  ])('is no repetition of %s', async (_case, other) => {
    const leaving = new AbortController()
    await send(leaving.signal)
    leaving.abort()
    await send(undefined, other)
    expect(await sent()).toBe(2)
  })

  test('is no repetition of one by another key, and none after ten minutes', async () => {
    const { body: key } = await t.call('POST', '/v0/api-keys', { body: { name: 'other' } })
    const leaving = new AbortController()
    await send(leaving.signal)
    leaving.abort()
    await send(undefined, body, key.api_key)
    expect(await sent()).toBe(2)
    t.clock.advance(10 * 60_000)
    await send()
    expect(await sent()).toBe(3)
  })

  test('that was refused is forgotten', async () => {
    const leaving = new AbortController()
    leaving.abort()
    expect((await send(leaving.signal, { ...body, attachments: [{ url: 'https://files.test/none' }] })).status).toBe(
      403,
    )
    expect(await sent()).toBe(0)
  })
})
