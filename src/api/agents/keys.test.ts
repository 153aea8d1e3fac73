import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'

let t: TestApp
beforeAll(async () => {
  t = await testApp()
})
afterAll(() => t[Symbol.asyncDispose]())

const create = (body: object, key = t.key) => t.call('POST', '/api/v0/api-keys', { body, key })

describe('making a key', () => {
  test('shows it once, and never again', async () => {
    const made = await create({ name: ' my-agent-key ' })
    expect(made.status).toBe(201)
    expect(made.body).toEqual({
      key_id: expect.stringMatching(/^key_[0-9a-z]{26}$/),
      name: 'my-agent-key',
      prefix: `${made.body.key.slice(0, 14)}...`,
      key: expect.stringMatching(/^inai_[0-9A-Za-z]{8}_[0-9A-Za-z]{40}$/),
      scopes: ['read', 'write', 'admin'],
      permissions: null,
      inbox_id: null,
      expires_at: null,
      used_at: null,
      created_at: expect.stringMatching(/\.\d{3}Z$/),
    })
    const { key, ...shown } = made.body
    const listed = await t.call('GET', '/api/v0/api-keys')
    expect(listed.body.data[0]).toEqual(shown)
    expect(JSON.stringify(listed.body)).not.toContain(key.slice(15))
  })

  test.each([
    ['name', {}],
    ['name', { name: ' ' }],
    ['name', { name: 'x'.repeat(129) }],
    ['name', { name: 1 }],
    ['scopes', { name: 'x', scopes: [] }],
    ['scopes', { name: 'x', scopes: ['root'] }],
    ['permissions', { name: 'x', permissions: { fly: true } }],
    ['permissions', { name: 'x', permissions: { mailbox_read: true } }],
    ['permissions', { name: 'x', permissions: { inbox_read: 'yes' } }],
    ['expires_at', { name: 'x', expires_at: '2001-01-01T00:00:00Z' }],
    ['expires_at', { name: 'x', expires_at: 'tomorrow' }],
  ])('refuses a bad %s: %j', async (field, body) => {
    const refused = await create(body)
    expect(refused).toMatchObject({ status: 400, body: { code: 'validation_error' } })
    expect(refused.body.errors[0].path[0]).toBe(field)
  })

  test('an unknown inbox is not found', async () => {
    expect((await create({ name: 'x', inbox_id: 'nobody@posthouse.test' })).status).toBe(404)
  })

  test('an organization has at most a hundred', async () => {
    const key = await t.organization()
    const answers = await Promise.all(Array.from({ length: 105 }, (_, at) => create({ name: `key ${at}` }, key)))
    expect(answers.filter((a) => a.status === 201)).toHaveLength(99)
    expect(answers.find((a) => a.status !== 201)).toMatchObject({ status: 403, body: { code: 'limit_exceeded' } })
  })
})

describe('what a key may do', () => {
  test('scopes include each other and nothing more', async () => {
    const { body } = await create({ name: 'reader', scopes: ['read'] })
    expect(body.scopes).toEqual(['read'])
    expect((await t.call('GET', '/api/v0/inboxes', { key: body.key })).status).toBe(200)
    const refused = await t.call('POST', '/api/v0/inboxes', { key: body.key, body: { username: 'never' } })
    expect(refused).toMatchObject({
      status: 403,
      body: { code: 'missing_permission', fix: 'Use a key with the permission inbox_create' },
    })
    expect(refused.body.message).toContain('inbox_create')
    expect((await t.call('GET', '/api/v0/api-keys', { key: body.key })).status).toBe(403)
  })

  test('a white list allows what it names', async () => {
    const { body } = await create({ name: 'listed', permissions: { inbox_read: true, message_read: false } })
    expect(body.permissions).toEqual({ inbox_read: true })
    expect((await t.call('GET', '/api/v0/inboxes', { key: body.key })).status).toBe(200)
    expect((await t.call('GET', '/api/v0/organizations', { key: body.key })).status).toBe(200)
    expect((await t.call('GET', '/api/v0/api-keys', { key: body.key })).status).toBe(403)
  })

  test('a key that ends makes no key that lives longer', async () => {
    const soon = new Date(t.clock.now() + 60_000).toISOString()
    const { body } = await create({ name: 'short', expires_at: soon })
    const make = (fields: object) =>
      t.call('POST', '/api/v0/api-keys', { key: body.key, body: { name: 'x', ...fields } })
    for (const fields of [{}, { expires_at: '2099-01-01T00:00:00.000Z' }]) {
      expect(await make(fields)).toMatchObject({ status: 403, body: { code: 'permission_escalation' } })
    }
    expect((await make({ expires_at: soon })).status).toBe(201)
  })

  test('a key of one inbox sees no other', async () => {
    const [own, other] = await Promise.all(
      ['own', 'other'].map(async (username) => (await t.call('POST', '/api/v0/inboxes', { body: { username } })).body),
    )
    const { body } = await create({ name: 'restricted', inbox_id: own.email_address })
    expect(body.inbox_id).toBe(own.inbox_id)
    const seen = await t.call('GET', '/api/v0/inboxes', { key: body.key })
    expect(seen.body).toMatchObject({ data: [own], total: 1 })
    expect((await t.call('GET', `/api/v0/inboxes/${other.inbox_id}`, { key: body.key })).status).toBe(404)
    expect((await t.call('GET', `/api/v0/inboxes/${other.inbox_id}/messages`, { key: body.key })).status).toBe(404)
    expect((await t.call('POST', '/api/v0/inboxes', { key: body.key, body: { username: 'no' } })).status).toBe(403)
  })

  test('a key ends when its time is over', async () => {
    const expires_at = new Date(t.clock.now() + 60_000).toISOString()
    const { body } = await create({ name: 'short', expires_at })
    expect(body.expires_at).toBe(expires_at)
    expect((await t.call('GET', '/api/v0/inboxes', { key: body.key })).status).toBe(200)
    t.clock.advance(60_000)
    expect(await t.call('GET', '/api/v0/inboxes', { key: body.key })).toMatchObject({
      status: 401,
      body: { code: 'unknown_api_key' },
    })
  })

  test('a key cannot make a stronger one', async () => {
    const { body } = await create({ name: 'maker', permissions: { api_key_create: true, inbox_read: true } })
    const stronger = await create({ name: 'x' }, body.key)
    expect(stronger).toMatchObject({ status: 403, body: { code: 'permission_escalation' } })
    expect((await create({ name: 'x', permissions: { inbox_read: true } }, body.key)).status).toBe(201)
  })
})

describe('revoking a key', () => {
  test('shuts it out at once', async () => {
    const { body } = await create({ name: 'revoked' })
    expect(await t.call('DELETE', `/api/v0/api-keys/${body.key_id}`)).toMatchObject({ status: 204, body: '' })
    expect((await t.call('GET', '/api/v0/inboxes', { key: body.key })).status).toBe(401)
    expect((await t.call('DELETE', `/api/v0/api-keys/${body.key_id}`)).status).toBe(404)
  })

  test('a key may revoke itself, even one that may do nothing else', async () => {
    const { body } = await create({ name: 'suicidal', permissions: {} })
    expect((await t.call('DELETE', `/api/v0/api-keys/${body.key_id}`, { key: body.key })).status).toBe(204)
  })

  test('the last key of an organization stays', async () => {
    const key = await t.organization()
    const { data } = (await t.call('GET', '/api/v0/api-keys', { key })).body
    const refused = await t.call('DELETE', `/api/v0/api-keys/${data[0].key_id}`, { key })
    expect(refused).toMatchObject({ status: 409, body: { code: 'cannot_delete' } })
  })
})

test('used_at tells of the last use, once a minute', async () => {
  const { body } = await create({ name: 'used' })
  const usedAt = async () => {
    const { data } = (await t.call('GET', '/api/v0/api-keys')).body
    return data.find((k: { key_id: string }) => k.key_id === body.key_id).used_at
  }
  expect(await usedAt()).toBeNull()
  await t.call('GET', '/api/v0/inboxes', { key: body.key })
  const first = new Date(t.clock.now()).toISOString()
  await expect.poll(usedAt).toBe(first)
  t.clock.advance(30_000)
  await t.call('GET', '/api/v0/inboxes', { key: body.key })
  expect(await usedAt()).toBe(first)
  t.clock.advance(60_000)
  await t.call('GET', '/api/v0/inboxes', { key: body.key })
  const second = new Date(t.clock.now()).toISOString()
  await expect.poll(usedAt).toBe(second)
})
