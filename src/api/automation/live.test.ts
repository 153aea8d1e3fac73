import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'

const BASE = '/api/v1/inbox'
let t: TestApp
beforeAll(async () => {
  t = await testApp()
})
afterAll(() => t[Symbol.asyncDispose]())

async function make() {
  return (await t.call('POST', BASE, { body: { name: 'Live', allowedFromEmails: 'ada@corp.test' } })).body
}

const mail = (to: string, subject: string) => t.mail(to, `From: ada@corp.test\nSubject: ${subject}\n\nx\n`)

describe('waiting', () => {
  const wait = (id: string, query = '') => t.call('GET', `${BASE}/${id}/messages/wait${query}`)

  test('answers what is there at once, each message once, and null when there is nothing', async () => {
    const { id, hookAddress } = await make()
    expect((await wait(id, '?timeout=0')).body).toEqual({ message: null })
    await mail(hookAddress, 'one')
    await mail(hookAddress, 'two')
    expect((await wait(id, '?timeout=5')).body.message).toMatchObject({ subject: 'one', isHandled: false })
    expect((await wait(id)).body.message.subject).toBe('two')
    expect((await wait(id, '?timeout=0')).body.message).toBeNull()
    const after = encodeURIComponent(new Date(t.clock.now() - 3_600_000).toISOString())
    expect((await wait(id, `?timeout=0&receivedAfter=${after}`)).body.message.subject).toBe('one')
  })

  test('ends with the mail that comes meanwhile', async () => {
    const { id, hookAddress } = await make()
    const waiting = wait(id, '?timeout=30')
    await mail(hookAddress, 'late')
    expect((await waiting).body.message.subject).toBe('late')
  })

  test.each(['timeout=-1', 'timeout=x', 'receivedAfter=soon'])('?%s is refused', async (query) => {
    const { id } = await make()
    expect((await wait(id, `?${query}`)).status).toBe(400)
  })
})

test('a stream tells what happens in its inbox and nowhere else, and goes on where it was left', async () => {
  const [box, other] = [await make(), await make()]
  const first = await open(box.id)
  await mail(other.hookAddress, 'elsewhere')
  await mail(box.hookAddress, 'here')
  const received = await first.next()
  const [message] = (await t.call('GET', `${BASE}/${box.id}/messages`)).body
  expect(received).toMatchObject({ event: 'message.received', data: { inboxId: box.id, messageId: message.id } })
  await first.close()
  await t.call('POST', `${BASE}/${box.id}/messages/${message.id}/handle`)
  await t.mail(box.hookAddress, 'From: foe@corp.test\nSubject: x\n\nx\n')
  await t.call('DELETE', `${BASE}/${box.id}/messages/${message.id}`)
  const again = await open(box.id, received.id)
  expect(await again.next()).toMatchObject({ event: 'message.handled', data: { isHandled: true } })
  expect(await again.next()).toMatchObject({ event: 'message.dropped', data: { fromAddress: 'foe@corp.test' } })
  expect(await again.next()).toMatchObject({ event: 'message.deleted', data: { messageId: message.id } })
  await again.close()
})

test('a stream ends with the key that it was opened with', async () => {
  const { id } = await make()
  const { key, key_id } = (await t.call('POST', '/api/v0/api-keys', { body: { name: 'short' } })).body
  const headers = { authorization: `Bearer ${key}` }
  const stream = await t.fetch(`${BASE}/${id}/events`, { headers })
  const text = stream.text()
  await t.call('DELETE', `/api/v0/api-keys/${key_id}`)
  expect(await text).toBe('retry: 2000\n\n')
  expect((await t.fetch(`${BASE}/${id}/events`, { headers })).status).toBe(401)
})

test('a stream of nothing, or from nowhere, is refused', async () => {
  const { id } = await make()
  const follow = (inbox: string, last = '') =>
    t.call('GET', `${BASE}/${inbox}/events`, last ? { headers: { 'last-event-id': last } } : {})
  expect((await follow('x')).status).toBe(404)
  expect((await follow(id, 'x')).status).toBe(400)
  expect((await follow(id, '00000000-0000-4000-8000-000000000000')).status).toBe(404)
  const key = await t.organization()
  expect((await t.call('GET', `${BASE}/${id}/events`, { key })).status).toBe(404)
})

async function open(id: string, last?: string) {
  const headers = { authorization: `Bearer ${t.key}`, ...(last && { 'last-event-id': last }) }
  const response = await t.fetch(`${BASE}/${id}/events`, { headers })
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  return {
    async next() {
      for (;;) {
        const block = /^((?:.+\n)+)\n/.exec(text.replace(/^(retry: \d+\n\n|:\n\n)+/, ''))
        const fields = Object.fromEntries((block?.[1] ?? '').split('\n').map((line) => line.split(/: (.*)/s)))
        text = text.replace(/^(retry: \d+\n\n|:\n\n)+/, '').slice(block?.[0].length ?? 0)
        if (fields.data) return { id: fields.id, event: fields.event, data: JSON.parse(fields.data) }
        text += (await reader.read()).value ?? ''
      }
    },
    close: () => reader.cancel(),
  }
}
