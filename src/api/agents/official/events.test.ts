import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../../test/support/app.ts'

let t: TestApp
let serial = 0
let box: string
let message: string

beforeAll(async () => {
  t = await testApp()
})
afterAll(() => t[Symbol.asyncDispose]())

beforeEach(async () => {
  const { body } = await t.call('POST', '/v0/inboxes', { body: { username: `events-${++serial}` } })
  box = body.inbox_id
  message = `<m${serial}@example.com>`
  await t.mail(box, `From: ada@example.com\nMessage-ID: ${message}\nSubject: News\n\nHello`)
})

const update = (add: string[], remove: string[] = []) =>
  t.call('PATCH', `/v0/inboxes/${box}/messages/${encodeURIComponent(message)}`, {
    body: { add_labels: add, remove_labels: remove },
  })
const list = (query = '', key = t.key) => t.call('GET', `/v0/inboxes/${box}/events${query}`, { key })
// biome-ignore lint/suspicious/noExplicitAny: JSON of every shape
const said = ({ body }: { body: any }): string[] =>
  body.events.map(
    (e: { event_type: string; label: string }) => `${e.event_type === 'label.added' ? '+' : '-'}${e.label}`,
  )

describe('the events of an inbox', () => {
  test('are the labels that came and went, newest first', async () => {
    await update(['one'])
    await update(['two', 'trash'], ['unread', 'one'])
    await t.call('PATCH', `/v0/inboxes/${box}/messages/${encodeURIComponent(message)}`, {
      body: { add_labels: ['two'] },
    })
    const { status, body } = await list()
    expect(status).toBe(200)
    expect(said({ body })).toEqual(['+trash', '-unread', '-one', '+two', '+one'])
    const inbox = (await t.call('GET', `/v0/inboxes/${box}`)).body
    expect(body.events.at(-1)).toEqual({
      organization_id: expect.stringMatching(/^org_/),
      pod_id: inbox.pod_id,
      inbox_id: box,
      event_id: expect.stringMatching(/^evt_[0-9a-z]{26}_0$/),
      event_type: 'label.added',
      message_id: message,
      label: 'one',
      event_at: expect.stringMatching(/Z$/),
      created_at: expect.stringMatching(/Z$/),
    })
    const ids: string[] = body.events.map((e: { event_id: string }) => e.event_id)
    expect(ids).toEqual(ids.toSorted().toReversed())
  })

  test('come page by page, in either order, also where one act changed several labels', async () => {
    await update(['a', 'b', 'c'])
    await update(['d'], ['a', 'b'])
    const all = ['+a', '+b', '+c', '+d', '-a', '-b']
    for (const [order, expected] of [
      ['', all.toReversed()],
      ['&ascending=true', all],
    ] as const) {
      const walked: string[] = []
      for (let token = ''; ; ) {
        const page = await list(`?limit=2${order}${token}`)
        walked.push(...said(page))
        if (!page.body.next_page_token) break
        token = `&page_token=${page.body.next_page_token}`
      }
      expect(walked).toEqual(expected)
    }
  })

  test('are many', async () => {
    for (let n = 0; n < 130; n++) await update([`l${n}`], n > 20 ? [`l${n - 20}`] : [])
    const page = await list('?limit=100')
    const rest = await list(`?limit=100&page_token=${page.body.next_page_token}`)
    expect(said(page).slice(0, 3)).toEqual(['-l109', '+l129', '-l108'])
    expect([page.body.count, rest.body.count]).toEqual([100, 100])
  })

  test('outlive the message', async () => {
    await update(['one'])
    await t.call('DELETE', `/v0/inboxes/${box}/messages/${encodeURIComponent(message)}`)
    expect(said(await list())).toEqual(['+one'])
  })

  test('of what a key may not see are left out', async () => {
    const key = (permissions: object) =>
      t.call('POST', '/api/v0/api-keys', { body: { name: `k${serial}`, permissions } }).then((r) => r.body.key)
    await update(['one'])
    const reader = await key({ message_read: true })
    expect(said(await list('', reader))).toEqual(['+one'])
    await update(['trash'])
    expect(said(await list('', reader))).toEqual([])
    expect(said(await list('', await key({ message_read: true, label_trash_read: true })))).toEqual(['+trash', '+one'])
    expect((await list('', await key({ inbox_read: true }))).status).toBe(403)
    expect((await list('', await t.organization())).status).toBe(404)
  })

  test.each(['limit=0', 'limit=101', 'page_token=x'])('%s is refused', async (query) => {
    expect((await list(`?${query}`)).status).toBe(400)
  })
})
