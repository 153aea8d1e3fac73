import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'

let t: TestApp
let inbox: { inbox_id: string; email_address: string }
beforeAll(async () => {
  t = await testApp()
  inbox = (await t.call('POST', '/api/v0/inboxes', { body: { username: 'desk' } })).body
})
afterAll(() => t[Symbol.asyncDispose]())

const path = (rest: string) => `/api/v0/inboxes/${inbox.inbox_id}/messages${rest}`
const subjects = async (q: string) => {
  const { status, body } = await t.call('GET', path(`/search?q=${encodeURIComponent(q)}`))
  expect(status).toBe(200)
  expect(body.count).toBe(body.messages.length)
  return body.messages.map((m: { subject: string }) => m.subject)
}

test('a mail is found by words of its body, its subject and its people, until it is trashed', async () => {
  await t.mail(
    inbox.email_address,
    'From: Zoe <zoe@client.test>\nSubject: Oolong order\n\nTwo tins of the spring harvest\n',
  )
  await t.mail(inbox.email_address, 'From: bob@other.test\nSubject: Lunch\n\nNoon?\n')
  await t.app.search.caughtUp()
  expect(await subjects('harvest tins')).toEqual(['Oolong order'])
  expect(await subjects('ool')).toEqual(['Oolong order'])
  expect(await subjects('bob')).toEqual(['Lunch'])
  expect(await subjects('harvest noon')).toEqual([])
  expect(await subjects('" OR * NEAR(')).toEqual([])
  const { body } = await t.call('GET', path('/search?q=noon'))
  const found = `/${encodeURIComponent(body.messages[0].message_id)}`
  await t.call('PATCH', path(found), { body: { labels: ['trash'] } })
  expect(await subjects('noon')).toEqual([])
})

test.each(['', '?q=', '?q=%20', `?q=${'x'.repeat(501)}`, '?q=x&limit=0'])(
  'a search with %j is refused',
  async (query) => {
    expect((await t.call('GET', path(`/search${query}`))).status).toBe(400)
  },
)
