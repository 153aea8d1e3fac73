import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'

let t: TestApp
beforeAll(async () => {
  t = await testApp()
})
afterAll(() => t[Symbol.asyncDispose]())

test('an inbox is made with what was asked for', async () => {
  const made = await t.call('POST', '/api/v0/inboxes', { body: { username: 'Agent-1', display_name: ' Agent One ' } })
  expect(made).toMatchObject({ status: 201 })
  expect(made.body).toEqual({
    inbox_id: expect.stringMatching(/^[0-9a-z]{26}$/),
    email_address: 'agent-1@posthouse.test',
    username: 'agent-1',
    domain: 'posthouse.test',
    display_name: 'Agent One',
    client_id: null,
    created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    updated_at: made.body.created_at,
  })
})
