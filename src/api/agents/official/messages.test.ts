import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../../test/support/app.ts'

let t: TestApp
let inbox: string
let serial = 0

beforeAll(async () => {
  t = await testApp()
})
afterAll(() => t[Symbol.asyncDispose]())
beforeEach(async () => {
  inbox = (await t.call('POST', '/v0/inboxes', { body: { username: `box-${++serial}` } })).body.inbox_id
})

const path = (rest = '') => `/v0/inboxes/${inbox}/messages${rest}`
const mail = (id: string, fields = '') =>
  t.mail(inbox, `From: ada@example.com\nTo: ${inbox}\nMessage-ID: <${id}@example.com>\n${fields}\nHello ${id}`)
const list = async (query = '') => (await t.call('GET', path(query))).body
const named = (page: { messages: { message_id: string }[] }) => page.messages.map((m) => m.message_id.slice(1, -13))

describe('a list', () => {
  beforeEach(async () => {
    for (const id of ['a', 'b', 'c', 'd', 'e']) await mail(id)
  })

  test.each([
    ['', ['e', 'd', 'c', 'b', 'a']],
    ['&ascending=true', ['a', 'b', 'c', 'd', 'e']],
  ])('goes on page by page, and mail that comes meanwhile moves nothing%s', async (order, expected) => {
    const seen: string[] = []
    let token = ''
    do {
      const page = await list(`?limit=2${order}${token}`)
      seen.push(...named(page))
      if (order === '') await mail(`later-${seen.length}`)
      token = page.next_page_token ? `&page_token=${page.next_page_token}` : ''
    } while (token)
    expect(seen).toEqual(expected)
  })

  test('takes its labels in any spelling', async () => {
    const id = encodeURIComponent('<a@example.com>')
    await t.call('PATCH', path(`/${id}`), { body: { add_labels: ['x', 'y z'] } })
    for (const query of [
      `labels=${encodeURIComponent('["x", "y z"]')}`,
      'labels=x,y%20z',
      'labels=x&labels=y%20z',
      'labels[]=x&labels[]=y+z',
      'labels%5B%5D=x',
      'labels=received,unread,x',
    ]) {
      expect(named(await list(`?${query}`)), query).toEqual(['a'])
    }
    expect(named(await list('?labels=x,nothing'))).toEqual([])
    expect(named(await list('?labels=received,sent'))).toEqual([])
    expect(named(await list('?labels=scheduled'))).toEqual([])
    expect(named(await list('?labels='))).toHaveLength(5)
  })

  test.each(['limit=0', 'limit=101', 'limit=x', 'ascending=yes', 'before=noon', 'labels=[1]', 'page_token=x'])(
    '%s is refused',
    async (query) => {
      const field = query.split('=')[0]
      expect(await t.call('GET', path(`?${query}`))).toMatchObject({
        status: 400,
        body: { code: 'validation_error', errors: [{ path: [field] }] },
      })
    },
  )

  test('a token of one inbox leads to the same place of its own list only', async () => {
    const { next_page_token: token } = await list('?limit=2')
    const threads = await t.call('GET', `/v0/inboxes/${inbox}/threads?page_token=${token}`)
    expect(threads.status).toBe(400)
  })
})

describe('a change of labels', () => {
  test('of the system is refused where they only tell', async () => {
    await mail('a')
    const change = (body: object) => t.call('PATCH', path(`/${encodeURIComponent('<a@example.com>')}`), { body })
    for (const label of ['received', 'sent', 'bounced', 'opened', 'scheduled', 'unauthenticated']) {
      expect((await change({ add_labels: [label] })).body.errors[0].path, label).toEqual(['add_labels', 0])
      expect((await change({ remove_labels: label })).status, label).toBe(400)
    }
    expect((await change({ add_labels: 'a\r\nb' })).status).toBe(400)
    expect((await change({ add_labels: 7 })).status).toBe(400)
    expect((await change({ add_labels: Array.from({ length: 51 }, (_, n) => `l${n}`) })).status).toBe(400)
    expect((await change({})).body.labels).toEqual(['received', 'unread'])
  })

  test('marks as spam, and hides and shows the thread with it', async () => {
    await mail('a')
    const id = encodeURIComponent('<a@example.com>')
    const threads = async (query = '') => (await t.call('GET', `/v0/threads?recipients=${inbox}${query}`)).body.threads
    await t.call('PATCH', path(`/${id}`), { body: { add_labels: 'spam' } })
    expect(await threads()).toEqual([])
    expect((await threads('&include_spam=true'))[0].labels).toEqual(['received', 'unread', 'spam'])
    expect(await threads('&include_trash=true')).toEqual([])
    expect(await threads('&labels=spam')).toHaveLength(1)
    await t.call('PATCH', path(`/${id}`), { body: { remove_labels: 'spam' } })
    expect(await threads()).toHaveLength(1)
  })

  test('made at the same time loses none', async () => {
    await mail('a')
    const id = encodeURIComponent('<a@example.com>')
    const labels = Array.from({ length: 10 }, (_, n) => `l${n}`)
    await Promise.all(labels.map((label) => t.call('PATCH', path(`/${id}`), { body: { add_labels: label } })))
    expect((await list()).messages[0].labels.toSorted()).toEqual([...labels, 'received', 'unread'])
  })

  test('of many messages is bounded', async () => {
    const ids = Array.from({ length: 51 }, (_, n) => `<${n}@x.test>`)
    const update = (message_ids: string[]) => t.call('POST', path('/batch-update'), { body: { message_ids } })
    expect((await update(ids)).status).toBe(400)
    expect((await update(ids.slice(1))).body).toEqual({ limit: 50, count: 0, updates: [] })
    expect((await update([])).status).toBe(400)
    for (const again of ['<a@x.test>', 'a@x.test']) {
      const get = await t.call('POST', path('/batch-get'), { body: { message_ids: ['<a@x.test>', again] } })
      expect(get.body.errors[0].path).toEqual(['message_ids', 1])
    }
  })
})

test('messages are found by id, Message-ID and Message-ID without brackets', async () => {
  const [filed] = await mail('a')
  const { message_id } = (await list()).messages[0]
  expect(filed).toMatchObject({ result: 'stored' })
  for (const ref of ['<a@example.com>', 'a@example.com', encodeURIComponent('<a@example.com>')]) {
    expect((await t.call('GET', path(`/${ref}`))).body.message_id).toBe(message_id)
  }
  expect((await t.call('GET', path('/msg_nothing'))).status).toBe(404)
})

describe('inboxes', () => {
  const search = async (q: string, rest = '') => {
    const { status, body } = await t.call('GET', `/v0/inboxes/search?q=${encodeURIComponent(q)}${rest}`)
    return status === 200 ? body.inboxes.map(({ email }: { email: string }) => email.split('@')[0]) : status
  }

  test('are found by the beginnings of words, best first, page by page', async () => {
    for (const [username, display_name] of [
      ['sales', 'Ünal at Acme'],
      ['acme', 'Front desk'],
      ['acme-sales', null],
      ['other', 'Acme sales'],
    ]) {
      await t.call('POST', '/v0/inboxes', { body: { username, display_name } })
    }
    expect(await search('acme')).toEqual(['acme', 'acme-sales', 'other', 'sales'])
    expect(await search('SALES acme')).toEqual(['other', 'acme-sales', 'sales'])
    expect(await search('ün')).toEqual(['sales'])
    expect(await search('cme')).toEqual([])
    expect(await search('--')).toEqual([])
    expect(await search('a')).toBe(400)
    expect(await search('a'.repeat(257))).toBe(400)
    const { body } = await t.call('GET', '/v0/inboxes/search?q=acme&limit=3')
    const rest = await search('acme', `&limit=3&page_token=${body.next_page_token}`)
    expect([body.count, rest]).toEqual([3, ['sales']])
  })

  test('have metadata that merges', async () => {
    const change = async (metadata: unknown) => {
      const { status, body } = await t.call('PATCH', `/v0/inboxes/${inbox}`, { body: { metadata } })
      return status === 200 ? body.metadata : status
    }
    expect(await change({ a: 'x', b: 1, c: true })).toEqual({ a: 'x', b: 1, c: true })
    expect(await change({ a: null, d: 2 })).toEqual({ b: 1, c: true, d: 2 })
    expect(await change({})).toEqual({ b: 1, c: true, d: 2 })
    expect(await change({ x: ['y'] })).toBe(400)
    expect(await change({ ['k'.repeat(257)]: 1 })).toBe(400)
    expect(await change({ a: 'v'.repeat(257) })).toBe(400)
    expect(await change(Object.fromEntries(Array.from({ length: 254 }, (_, n) => [`n${n}`, n])))).toBe(400)
    expect(await change(null)).toBeUndefined()
    expect((await t.call('PATCH', `/v0/inboxes/${inbox}`, { body: {} })).status).toBe(400)
  })
})
