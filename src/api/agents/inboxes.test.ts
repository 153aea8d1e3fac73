import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'

let t: TestApp
beforeAll(async () => {
  t = await testApp()
})
afterAll(() => t[Symbol.asyncDispose]())

const create = (body: object, key = t.key) => t.call('POST', '/api/v0/inboxes', { body, key })

describe('making an inbox', () => {
  test('answers it with everything that was asked for', async () => {
    const body = { username: 'Agent-1', display_name: ' Agent One ', client_id: 'my-agent', domain: 'Posthouse.Test.' }
    const made = await create(body)
    expect(made.status).toBe(201)
    expect(made.body).toEqual({
      inbox_id: expect.stringMatching(/^[0-9a-z]{26}$/),
      email_address: 'agent-1@posthouse.test',
      username: 'agent-1',
      domain: 'posthouse.test',
      display_name: 'Agent One',
      client_id: 'my-agent',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updated_at: made.body.created_at,
    })
  })

  test('takes mail at once', async () => {
    const { body } = await create({ username: 'at-once' })
    expect(await t.mail('at-once@posthouse.test', 'Subject: Hi\n\nHello')).toMatchObject([{ result: 'stored' }])
    expect((await t.call('GET', `/api/v0/inboxes/${body.inbox_id}/messages`)).body.total).toBe(1)
  })

  test.each([
    ['a', 201],
    ['a'.repeat(64), 201],
    ['first.last+tag_%-x', 201],
    ['', 400],
    ['b'.repeat(65), 400],
    ['.a', 400],
    ['a.', 400],
    ['a..b', 400],
    ['a b', 400],
    ['a@b', 400],
    ['ä', 400],
    ['a\n', 400],
    ['Postmaster', 400],
    ['abuse', 400],
    ['mailer-daemon', 400],
    ['hostmaster', 400],
  ])('as %j answers %i', async (username, status) => {
    const answer = await create({ username })
    expect(answer.status).toBe(status)
    if (status === 400) expect(answer.body.errors).toMatchObject([{ path: ['username'] }])
  })

  test.each([
    ['domain', { domain: 'elsewhere.example' }],
    ['domain', { domain: '' }],
    ['domain', { domain: 'not a domain' }],
    ['display_name', { display_name: 'x'.repeat(257) }],
    ['display_name', { display_name: 'a\r\nBcc: b@c.example' }],
    ['display_name', { display_name: 'a\0' }],
    ['display_name', { display_name: 'a\ud800' }],
    ['client_id', { client_id: '' }],
    ['client_id', { client_id: 'a b' }],
    ['client_id', { client_id: 'x'.repeat(257) }],
  ])('refuses a bad %s: %j', async (field, body) => {
    const refused = await create({ username: 'refused', ...body })
    expect(refused).toMatchObject({ status: 400, body: { code: 'validation_error', errors: [{ path: [field] }] } })
  })

  test('a taken address is refused alike whoever has it', async () => {
    await create({ username: 'taken' })
    const other = await t.organization()
    const answers = [await create({ username: 'TAKEN' }), await create({ username: 'taken' }, other)]
    for (const { status, body } of answers) {
      expect(status).toBe(409)
      expect({ ...body, request_id: '' }).toEqual({ ...answers[0]?.body, request_id: '' })
      expect(body).toMatchObject({ name: 'IsTakenError', code: 'resource_taken' })
    }
  })

  test('twenty at once cannot pass a limit together', async () => {
    const key = await t.organization({ mailboxLimit: 3 })
    await create({ username: 'limit-a' }, key)
    await create({ username: 'limit-b' }, key)
    const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => create({ username: `limit-${at}` }, key)))
    const statuses = answers.map((a) => a.status).sort()
    expect(statuses).toEqual([201, ...Array(19).fill(403)])
    const refused = answers.find((a) => a.status === 403)
    expect(refused?.body).toMatchObject({ code: 'limit_exceeded' })
    expect(refused?.body.message).not.toContain('mailbox')
    expect((await t.call('GET', '/api/v0/organizations', { key })).body.inbox_count).toBe(3)
  })
})

describe('client_id', () => {
  test('leads to the inbox it made', async () => {
    const first = await create({ username: 'replay', client_id: 'replayed', display_name: 'First' })
    const again = await create({ username: 'Replay', client_id: 'replayed', display_name: 'Second' })
    expect([first.status, again.status]).toEqual([201, 200])
    expect(again.body).toEqual(first.body)
  })

  test('with another address is a conflict', async () => {
    await create({ username: 'conflict-a', client_id: 'conflicting' })
    const refused = await create({ username: 'conflict-b', client_id: 'conflicting' })
    expect(refused).toMatchObject({ status: 409, body: { name: 'ConflictError', code: 'conflict' } })
  })

  test('twenty at once make one', async () => {
    const body = { username: 'parallel', client_id: 'parallel' }
    const answers = await Promise.all(Array.from({ length: 20 }, () => create(body)))
    expect(answers.map((a) => a.status).sort()).toEqual([...Array(19).fill(200), 201])
    expect(new Set(answers.map((a) => a.body.inbox_id)).size).toBe(1)
  })

  test('is free again after the delete, and every organization has its own', async () => {
    const first = await create({ username: 'freed', client_id: 'freed' })
    await t.call('DELETE', `/api/v0/inboxes/${first.body.inbox_id}`)
    expect((await create({ username: 'freed-2', client_id: 'freed' })).status).toBe(201)
    expect((await create({ username: 'freed-3', client_id: 'freed' }, await t.organization())).status).toBe(201)
  })
})

describe('reading inboxes', () => {
  test('by id, or by address in any spelling', async () => {
    const { body } = await create({ username: 'Find.Me+now' })
    const names = [
      body.inbox_id,
      'find.me+now@posthouse.test',
      'FIND.ME+now@Posthouse.TEST',
      'find.me%2Bnow%40posthouse.test',
    ]
    for (const name of names) {
      expect(await t.call('GET', `/api/v0/inboxes/${name}`)).toMatchObject({ status: 200, body })
    }
  })

  test('with a percent sign in its address, encoded or as it is', async () => {
    const { body } = await create({ username: '100%sure' })
    for (const name of ['100%sure@posthouse.test', '100%25sure%40posthouse.test']) {
      expect(await t.call('GET', `/api/v0/inboxes/${name}`)).toMatchObject({ status: 200, body })
    }
  })

  test('unknown ones are not found', async () => {
    for (const name of [
      '0000000000000000000000000z',
      'nobody@posthouse.test',
      'x@y@z',
      '@',
      'find.me@posthouse.test',
    ]) {
      const refused = await t.call('GET', `/api/v0/inboxes/${name}`)
      expect(refused).toMatchObject({ status: 404, body: { code: 'not_found', message: 'No such inbox' } })
    }
  })

  test('a list is newest first, in pages', async () => {
    const key = await t.organization()
    for (const n of [1, 2, 3, 4, 5]) await create({ username: `listed-${n}` }, key)
    const page = await t.call('GET', '/api/v0/inboxes?page=2&page_size=2', { key })
    expect(page.body).toMatchObject({ total: 5, page: 2, page_size: 2 })
    expect(page.body.data.map((i: { username: string }) => i.username)).toEqual(['listed-3', 'listed-2'])
    expect(page.body.data[0]).toEqual((await t.call('GET', '/api/v0/inboxes/listed-3@posthouse.test', { key })).body)
  })
})

describe('changing an inbox', () => {
  test('sets, keeps and clears the display name and nothing else', async () => {
    const { body: made } = await create({ username: 'changed', client_id: 'changed' })
    const patch = async (body: object) => (await t.call('PATCH', `/api/v0/inboxes/${made.inbox_id}`, { body })).body
    const named = await patch({ display_name: 'New Name', username: 'x', client_id: 'y' })
    expect(named).toEqual({ ...made, display_name: 'New Name', updated_at: expect.any(String) })
    expect(named.updated_at > made.updated_at).toBe(true)
    expect(await patch({})).toEqual(named)
    expect((await patch({ display_name: null })).display_name).toBeNull()
    await patch({ display_name: 'x' })
    expect((await patch({ display_name: '  ' })).display_name).toBeNull()
  })

  test.each([
    { display_name: 'a\nb' },
    { display_name: '\udc00' },
    { display_name: 'x'.repeat(257) },
    { display_name: 5 },
  ])('refuses %j', async (body) => {
    await create({ username: 'unchanged', client_id: 'unchanged' })
    expect((await t.call('PATCH', '/api/v0/inboxes/unchanged@posthouse.test', { body })).status).toBe(400)
  })
})

describe('deleting an inbox', () => {
  test('takes everything with it, and frees the address for a new one that is empty', async () => {
    const { body: inbox } = await create({ username: 'deleted' })
    const [filed] = await t.mail('deleted@posthouse.test', 'Subject: Hi\n\nHello')
    const path = `/api/v0/inboxes/${inbox.inbox_id}`
    const messages = (await t.call('GET', `${path}/messages`)).body.data
    const restricted = (await t.call('POST', '/api/v0/api-keys', { body: { name: 'r', inbox_id: inbox.inbox_id } }))
      .body
    const gone = await t.call('DELETE', path)
    expect(gone).toMatchObject({ status: 204, body: '' })
    expect(filed?.result).toBe('stored')
    for (const rest of [
      '',
      '/messages',
      '/threads',
      `/messages/${messages[0].message_id}`,
      `/threads/${messages[0].thread_id}`,
    ]) {
      expect((await t.call('GET', path + rest)).status).toBe(404)
    }
    expect((await t.call('DELETE', path)).status).toBe(404)
    expect((await t.call('GET', '/api/v0/inboxes', { key: restricted.key })).status).toBe(401)
    await expect(t.mail('deleted@posthouse.test', 'Subject: Hi\n\nHello')).rejects.toMatchObject({ code: 'not_found' })
    const again = await create({ username: 'deleted' })
    expect(again.status).toBe(201)
    expect(again.body.inbox_id).not.toBe(inbox.inbox_id)
    expect((await t.call('GET', '/api/v0/inboxes/deleted@posthouse.test/messages')).body.total).toBe(0)
  })
})
