import { expect, test } from 'vitest'
import { testApp } from '../../../test/support/app.ts'

test('an organization shows live counts and its limits', async () => {
  await using t = await testApp()
  const key = await t.organization({ name: 'Lovelace Ltd', mailboxLimit: 2 })
  const see = async () => (await t.call('GET', '/api/v0/organizations', { key })).body
  const first = await see()
  expect(first).toEqual({
    org_id: expect.stringMatching(/^org_[0-9a-z]{26}$/),
    name: 'Lovelace Ltd',
    inbox_count: 0,
    inbox_limit: 2,
    domain_count: 0,
    domain_limit: null,
    created_at: expect.stringMatching(/\.\d{3}Z$/),
    updated_at: expect.stringMatching(/\.\d{3}Z$/),
  })
  const { body: inbox } = await t.call('POST', '/api/v0/inboxes', { key, body: { username: 'one' } })
  expect(await see()).toEqual({ ...first, inbox_count: 1 })
  await t.call('DELETE', `/api/v0/inboxes/${inbox.inbox_id}`, { key })
  expect(await see()).toEqual(first)
})
