import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'
import { issueKey } from '../../core/accounts/keys.ts'

const BASE = '/api/v1/inbox'
let t: TestApp
beforeAll(async () => {
  t = await testApp()
})
afterAll(() => t[Symbol.asyncDispose]())

async function makeWith(count: number) {
  const { body } = await t.call('POST', BASE, { body: { name: 'Queue' } })
  const ids: string[] = []
  for (let i = 0; i < count; i++) {
    const [filed] = await t.mail(body.hookAddress, `Message-ID: <${i}@q.test>\nSubject: m${i}\n\n<p>x</p>\n`)
    if (filed?.result === 'stored') ids.push(filed.messageId)
  }
  return { id: body.id as string, ids }
}

/** An inbox with these mails, each under a Message-ID of its own. */
async function makeOf(mails: Buffer[]) {
  const { body } = await t.call('POST', BASE, { body: { name: 'Large', maxMessageSizeBytes: 20_000_000 } })
  const ids: string[] = []
  for (const [i, mail] of mails.entries()) {
    const [filed] = await t.mail(
      body.hookAddress,
      Buffer.concat([Buffer.from(`Message-ID: <${i}@large.test>\r\n`), mail]),
    )
    if (filed?.result === 'stored') ids.push(filed.messageId)
  }
  return { id: body.id as string, ids }
}

const INVOICE = `Subject: Invoice
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

Please pay
--b
Content-Type: application/pdf

`.replaceAll('\n', '\r\n')
const novel = Buffer.from(`Subject: Novel\r\n\r\n${'word '.repeat(1_000_000)}\r\n`)

const batch = (id: string, body?: unknown, key = t.key) =>
  t.call('POST', `${BASE}/${id}/messages/handle`, { key, body })
const idsOf = (items: { id: string }[]) => items.map(({ id }) => id)

describe('one message', () => {
  test('is handled once, however often it is asked, and can be given back', async () => {
    const { id, ids } = await makeWith(1)
    const path = `${BASE}/${id}/messages/${ids[0]}`
    const first = await t.call('POST', `${path}/handle`, { headers: { 'content-type': 'application/json' } })
    const handledAt = new Date(t.clock.now()).toISOString()
    expect(first).toMatchObject({ status: 200, body: { id: ids[0], isHandled: true, handledAt, bodyHtml: null } })
    const again = await t.call('POST', `${path}/handle`)
    expect(again).toMatchObject({ status: 200, body: { isHandled: true, handledAt } })
    expect((await t.call('GET', path)).body).toMatchObject({ isHandled: true, handledAt })
    expect((await t.call('GET', `${BASE}/${id}`)).body).toMatchObject({ messageCount: 1, unhandledCount: 0 })
    const back = await t.call('POST', `${path}/unhandle`)
    expect(back).toMatchObject({ status: 200, body: { isHandled: false, handledAt: null } })
    expect((await t.call('GET', `${BASE}/${id}`)).body.unhandledCount).toBe(1)
  })
})

describe('several', () => {
  test('come whole however large their attachments are, named or not', async () => {
    const invoice = Buffer.concat([Buffer.from(INVOICE), Buffer.alloc(10_000_000, 120), Buffer.from('\r\n--b--\r\n')])
    const texts = (items: { bodyText: string; attachmentCount: number }[]) =>
      items.map(({ bodyText, attachmentCount }) => [bodyText.trim(), attachmentCount])
    const { id, ids } = await makeOf(Array<Buffer>(7).fill(invoice))
    const first = await batch(id, { limit: 7 })
    expect(texts(first.body.items)).toEqual(ids.map(() => ['Please pay', 1]))
    const named = await batch(id, { messageIds: ids })
    expect(named.body).toMatchObject({ handledCount: 7, notFoundIds: [] })
    expect(texts(named.body.items)).toEqual(ids.map(() => ['Please pay', 1]))
  })

  test('are fewer than asked for when their texts do not fit; the others wait', async () => {
    const { id, ids } = await makeOf(Array<Buffer>(4).fill(novel))
    const seen: string[] = []
    while (seen.length < ids.length) {
      const { items } = (await batch(id, { limit: 4 })).body
      expect([items.length > 0, items.length < 4]).toEqual([true, true])
      for (const item of items) expect(item.bodyText.length).toBeGreaterThan(4_900_000)
      seen.push(...idsOf(items))
    }
    expect(seen).toEqual(ids)
  })

  test('that are named are refused as a whole when their texts do not fit, and none is marked', async () => {
    const { id, ids } = await makeOf(Array<Buffer>(4).fill(novel))
    const { status, body } = await batch(id, { messageIds: ids })
    expect([status, body.error.code, Object.keys(body.error.details)]).toEqual([
      400,
      'VALIDATION_FAILED',
      ['messageIds'],
    ])
    expect((await t.call('GET', `${BASE}/${id}`)).body.unhandledCount).toBe(4)
    const one = await batch(id, { messageIds: [ids[3]] })
    expect(one.body).toMatchObject({ handledCount: 1, items: [{ id: ids[3], isHandled: true }] })
    expect(one.body.items[0].bodyText.length).toBeGreaterThan(4_900_000)
  })

  test('are the oldest that wait: ten when nothing is said', async () => {
    const { id, ids } = await makeWith(14)
    const first = await batch(id)
    expect(first.body).toMatchObject({ handledCount: 10, notFoundIds: [] })
    expect(idsOf(first.body.items)).toEqual(ids.slice(0, 10))
    expect(first.body.items.every((item: { isHandled: boolean }) => item.isHandled)).toBe(true)
    const rest = await batch(id, { messageIds: [], limit: 100 })
    expect(idsOf(rest.body.items)).toEqual(ids.slice(10))
    expect((await batch(id, { messageIds: null })).body).toEqual({ items: [], handledCount: 0, notFoundIds: [] })
    const empty = await t.call('POST', `${BASE}/${id}/messages/handle`, {
      headers: { 'content-type': 'application/json' },
    })
    expect(empty.status).toBe(200)
  })

  test('that are named come in their order, handled before or not, and what is missing is told', async () => {
    const { id, ids } = await makeWith(3)
    const { ids: foreign } = await makeWith(1)
    await batch(id, { messageIds: [ids[1]] })
    const nobody = '00000000-0000-4000-8000-000000000000'
    const named = [ids[2], ids[1], nobody, ids[2]?.toUpperCase(), foreign[0]]
    const { status, body } = await batch(id, { messageIds: named, limit: 1_000 })
    expect(status).toBe(200)
    expect(idsOf(body.items)).toEqual([ids[2], ids[1]])
    expect(body).toMatchObject({ handledCount: 2, notFoundIds: [nobody, foreign[0]] })
    expect((await t.call('GET', `${BASE}/${id}`)).body.unhandledCount).toBe(1)
  })

  test.each([
    [{ limit: 0 }],
    [{ limit: 101 }],
    [{ limit: '5' }],
    [{ limit: 1.5 }],
    [{ messageIds: 'x' }],
    [{ messageIds: ['x'] }],
    [{ messageIds: Array(101).fill('00000000-0000-4000-8000-000000000000') }],
  ])('%j is refused', async (body) => {
    const { id } = await makeWith(0)
    expect(await batch(id, body)).toMatchObject({ status: 400, body: { error: { code: 'VALIDATION_FAILED' } } })
  })

  test('twenty callers at once are never given the same one', async () => {
    const { id, ids } = await makeWith(50)
    const all = await Promise.all(Array.from({ length: 20 }, () => batch(id, { limit: 3 })))
    const given = all.flatMap(({ body }) => idsOf(body.items))
    expect(given).toHaveLength(50)
    expect(new Set(given)).toEqual(new Set(ids))
  })
})

test('a key that may only read handles nothing', async () => {
  const { id, ids } = await makeWith(1)
  const { scopeId } = (await t.call('GET', '/api/v1/whoami')).body
  const { text: key } = await issueKey(t.app, scopeId, { name: 'reader', scopes: ['read'] })
  expect((await batch(id, {}, key)).status).toBe(403)
  for (const path of ['handle', 'unhandle']) {
    expect((await t.call('POST', `${BASE}/${id}/messages/${ids[0]}/${path}`, { key })).status).toBe(403)
  }
  expect((await t.call('DELETE', `${BASE}/${id}/messages/${ids[0]}`, { key })).status).toBe(403)
  expect((await t.call('GET', `${BASE}/${id}/messages/${ids[0]}`, { key })).body.isHandled).toBe(false)
})
