import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { agentmail, bearer, refusalOf } from '../../../../test/support/agentmail.ts'
import { type TestApp, testApp } from '../../../../test/support/app.ts'

let t: TestApp
let pod: string
let inbox: string
beforeAll(async () => {
  t = await testApp()
  const client = agentmail(t)
  pod = (await client.pods.create({ name: 'pod' })).podId
  inbox = (await client.pods.inboxes.create(pod, { username: 'inside' })).inboxId
})
afterAll(() => t[Symbol.asyncDispose]())
beforeEach(() => t.clock.advance(1))

const call = (method: string, path: string, options = {}) => t.call(method, `/v0${path}`, options)
const make = async (path: string, body: object = {}, key = t.key) => call('POST', `${path}/api-keys`, { key, body })

describe('keys, by the official client', () => {
  test('of the organization are made, shown once, listed, changed and revoked', async () => {
    const { apiKeys } = agentmail(t)
    const made = await bearer(apiKeys.create({ name: 'mine', permissions: { inboxRead: true, podRead: true } }))
    expect(made).toMatchObject({ name: 'mine', permissions: { inboxRead: true, podRead: true } })
    expect(made).not.toHaveProperty('podId')
    const shown = await apiKeys.get(made.apiKeyId)
    expect(shown).toMatchObject({ type: 'bearer', apiKeyId: made.apiKeyId, prefix: made.prefix, name: 'mine' })
    expect(JSON.stringify(shown)).not.toContain(made.apiKey.slice(15))
    const listed = await apiKeys.list()
    expect(listed.apiKeys).toContainEqual(shown)
    expect((await apiKeys.list({ type: 'public_key' })).apiKeys).toEqual([])
    t.clock.advance(5)
    const changed = await apiKeys.update(made.apiKeyId, { name: 'yours', permissions: { messageRead: true } })
    expect(changed).toMatchObject({ name: 'yours', permissions: { messageRead: true } })
    expect(changed.permissions).not.toHaveProperty('inboxRead')
    expect(changed.updatedAt.getTime()).toBeGreaterThan(changed.createdAt.getTime())
    await apiKeys.delete(made.apiKeyId)
    expect(await refusalOf(apiKeys.get(made.apiKeyId))).toEqual({ status: 404, code: 'not_found' })
    expect(await refusalOf(agentmail(t, made.apiKey).inboxes.list())).toEqual({ status: 401, code: 'unknown_api_key' })
  })

  test('of a pod and of an inbox open that and no more', async () => {
    const client = agentmail(t)
    const ofPod = await bearer(client.pods.apiKeys.create(pod, { name: 'of the pod' }))
    expect(ofPod).toMatchObject({ podId: pod })
    expect(ofPod).not.toHaveProperty('inboxId')
    const ofInbox = await bearer(client.inboxes.apiKeys.create(inbox, { name: 'of the inbox' }))
    expect(ofInbox).toMatchObject({ podId: pod, inboxId: inbox })
    const ids = (list: { apiKeys: { apiKeyId: string }[] }) => list.apiKeys.map(({ apiKeyId }) => apiKeyId)
    expect(ids(await client.pods.apiKeys.list(pod))).toEqual([ofInbox.apiKeyId, ofPod.apiKeyId])
    expect(ids(await client.inboxes.apiKeys.list(inbox))).toEqual([ofInbox.apiKeyId])
    const outside = await client.inboxes.create({})
    for (const [key, seen] of [
      [ofPod, [inbox]],
      [ofInbox, [inbox]],
    ] as const) {
      const inside = agentmail(t, key.apiKey)
      expect((await inside.inboxes.list()).inboxes.map(({ inboxId }) => inboxId)).toEqual(seen)
      expect(await refusalOf(inside.inboxes.get(outside.inboxId))).toEqual({ status: 404, code: 'not_found' })
    }
    expect((await client.pods.apiKeys.update(pod, ofPod.apiKeyId, { name: 'renamed' })).name).toBe('renamed')
    expect((await client.inboxes.apiKeys.update(inbox, ofInbox.apiKeyId, { name: 'too' })).name).toBe('too')
    await client.inboxes.apiKeys.delete(inbox, ofInbox.apiKeyId)
    await client.pods.apiKeys.delete(pod, ofPod.apiKeyId)
    await client.inboxes.delete(outside.inboxId)
  })

  test('tell who they are', async () => {
    const client = agentmail(t)
    const { organizationId } = await client.organizations.get()
    const me = await client.auth.me()
    expect(me).toMatchObject({ scopeType: 'organization', scopeId: organizationId, organizationId })
    expect(me.apiKeyId).toMatch(/^key_/)
    const ofPod = await bearer(client.pods.apiKeys.create(pod, { permissions: {} }))
    expect(await agentmail(t, ofPod.apiKey).auth.me()).toEqual({
      ...{ scopeType: 'pod', scopeId: pod, podId: pod, organizationId, apiKeyId: ofPod.apiKeyId },
    })
    const ofInbox = await bearer(client.inboxes.apiKeys.create(inbox, {}))
    expect(await agentmail(t, ofInbox.apiKey).auth.me()).toEqual({
      ...{ scopeType: 'inbox', scopeId: inbox, podId: pod, inboxId: inbox, organizationId },
      apiKeyId: ofInbox.apiKeyId,
    })
  })
})

describe('a key', () => {
  test.each([
    ['name', { name: '' }],
    ['name', { name: 'x'.repeat(129) }],
    ['name', { name: 1 }],
    ['permissions', { permissions: { fly: true } }],
    ['permissions', { permissions: { mailbox_read: true } }],
    ['permissions', { permissions: { inbox_read: 'yes' } }],
    ['permissions', { permissions: [] }],
  ])('is not made with a bad %s: %j', async (field, body) => {
    const refused = await make('', body)
    expect(refused).toMatchObject({ status: 400, body: { code: 'validation_error' } })
    expect(refused.body.errors[0].path[0]).toBe(field)
  })

  test('that is public is not known here', async () => {
    const public_key = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }
    expect(await make('', { public_key })).toMatchObject({ status: 422, body: { code: 'unprocessable' } })
  })

  test('with a list of permissions makes none without, and none with another', async () => {
    const maker = (await make('', { permissions: { api_key_create: true, api_key_update: true, inbox_read: true } }))
      .body
    expect(await make('', {}, maker.api_key)).toMatchObject({
      status: 403,
      body: { code: 'unrestricted_key_required' },
    })
    expect(await make('', { permissions: { pod_read: true } }, maker.api_key)).toMatchObject({
      status: 403,
      body: { code: 'permission_escalation', fix: expect.stringContaining('pod_read') },
    })
    const child = await make('', { permissions: { inbox_read: true } }, maker.api_key)
    expect(child.status).toBe(200)
    const path = `/api-keys/${child.body.api_key_id}`
    const widen = (permissions: object | null) => call('PATCH', path, { key: maker.api_key, body: { permissions } })
    expect(await widen({ pod_read: true })).toMatchObject({ status: 403, body: { code: 'permission_escalation' } })
    expect(await widen(null)).toMatchObject({ status: 403, body: { code: 'unrestricted_key_required' } })
    expect((await widen({ api_key_create: true })).body.permissions).toEqual({ api_key_create: true })
  })

  test('does not change one that is stronger than itself', async () => {
    const weak = (await make('', { permissions: { api_key_update: true, inbox_read: true } })).body
    const strong = (await make('', { name: 'strong' })).body
    const body = { permissions: { inbox_read: true } }
    const refused = await call('PATCH', `/api-keys/${strong.api_key_id}`, { key: weak.api_key, body })
    expect(refused.status).toBe(403)
  })

  test('of a pod or an inbox makes no wider one', async () => {
    const ofPod = (await make(`/pods/${pod}`)).body.api_key
    const ofInbox = (await make(`/inboxes/${inbox}`)).body.api_key
    expect((await make('', {}, ofPod)).body.pod_id).toBe(pod)
    expect((await make('', {}, ofInbox)).body.inbox_id).toBe(inbox)
    expect((await make(`/pods/${pod}`, {}, ofInbox)).status).toBe(404)
    const other = (await call('POST', '/pods', { body: { name: 'other' } })).body.pod_id
    expect((await make(`/pods/${other}`, {}, ofPod)).status).toBe(404)
    expect((await call('GET', '/api-keys', { key: ofInbox })).body.api_keys.every((k: object) => 'inbox_id' in k)).toBe(
      true,
    )
  })

  test('that ends makes keys that end with it', async () => {
    const expires_at = new Date(t.clock.now() + 60_000).toISOString()
    const short = (await t.call('POST', '/api/v0/api-keys', { body: { name: 'short', expires_at } })).body
    const child = (await make('', {}, short.key)).body
    expect((await call('GET', `/api-keys/${child.api_key_id}`)).body.expires_at).toBe(expires_at)
    t.clock.advance(60_000)
    expect((await call('GET', '/inboxes', { key: child.api_key })).status).toBe(401)
  })

  test('that is gone leaves its webhooks as they were', async () => {
    const maker = (await make('')).body
    const url = 'https://hook.example.com/'
    const hook = { url, event_types: ['message.received'] }
    const { body } = await t.call('POST', '/api/v0/webhooks', { key: maker.api_key, body: hook })
    await call('DELETE', `/api-keys/${maker.api_key_id}`)
    const path = `/api/v0/webhooks/${body.webhook_id}`
    expect((await t.call('GET', path)).body).toMatchObject({ url, enabled: true, event_types: hook.event_types })
  })

  test('that may make or change webhooks but not read them does so, and learns only the secret that it made', async () => {
    const maker = (await make('', { permissions: { webhook_create: true } })).body.api_key
    const changer = (await make('', { permissions: { webhook_update: true } })).body.api_key
    const body = { url: 'https://hook.example.com/', event_types: ['message.received'], client_id: 'blind' }
    const made = await call('POST', '/webhooks', { key: maker, body })
    expect(made).toMatchObject({ status: 200, body: { secret: expect.stringMatching(/^whsec_/) } })
    const again = await call('POST', '/webhooks', { key: maker, body })
    expect(again).toMatchObject({ status: 200, body: { webhook_id: made.body.webhook_id } })
    expect(again.body).not.toHaveProperty('secret')
    const change = { key: changer, body: { event_types: ['message.sent'] } }
    const changed = await call('PATCH', `/webhooks/${made.body.webhook_id}`, change)
    expect(changed).toMatchObject({ status: 200, body: { event_types: ['message.sent'] } })
    expect(changed.body).not.toHaveProperty('secret')
    expect((await call('GET', `/webhooks/${made.body.webhook_id}`)).body.secret).toBe(made.body.secret)
  })

  test('tells when it was used', async () => {
    const { api_key, api_key_id } = (await make('')).body
    const shown = async () => (await call('GET', `/api-keys/${api_key_id}`)).body
    expect(await shown()).not.toHaveProperty('used_at')
    await call('GET', '/inboxes', { key: api_key })
    await expect.poll(shown).toHaveProperty('used_at')
  })

  test('that is the last to open everything stays as it is', async () => {
    const key = await t.organization()
    const [only] = (await call('GET', '/api-keys', { key })).body.api_keys
    const path = `/api-keys/${only.api_key_id}`
    await make('/pods/unknown', {}, key)
    expect(await call('DELETE', path, { key })).toMatchObject({ status: 409, body: { code: 'cannot_delete' } })
    const body = { permissions: { inbox_read: true } }
    expect(await call('PATCH', path, { key, body })).toMatchObject({ status: 409, body: { code: 'cannot_delete' } })
    expect((await call('PATCH', path, { key, body: { name: 'renamed' } })).body.name).toBe('renamed')
  })

  test.each([
    ['GET', '/api-keys', 'api_key_read'],
    ['POST', '/api-keys', 'api_key_create'],
    ['GET', '/api-keys/:id', 'api_key_read'],
    ['PATCH', '/api-keys/:id', 'api_key_update'],
    ['DELETE', '/api-keys/:id', 'api_key_delete'],
  ])('needs a permission for %s %s, in each scope', async (method, path, permission) => {
    const weak = (await make('', { permissions: { inbox_read: true } })).body.api_key
    const target = (await make(`/inboxes/${inbox}`)).body.api_key_id
    for (const scope of ['', `/pods/${pod}`, `/inboxes/${inbox}`]) {
      if (scope !== '' && path.endsWith(':id') && method === 'GET') continue
      const body = method === 'POST' || method === 'PATCH' ? { body: { name: 'x' } } : {}
      const answer = await call(method, scope + path.replace(':id', target), { key: weak, ...body })
      expect(answer).toMatchObject({ status: 403, body: { fix: `Use a key with the permission ${permission}` } })
    }
  })

  test('of somewhere else is not found', async () => {
    const stranger = await t.organization()
    const ofPod = (await make(`/pods/${pod}`)).body
    const ofAll = (await make('')).body
    const body = { name: 'x' }
    for (const [path, key] of [
      [`/api-keys/${ofAll.api_key_id}`, stranger],
      [`/api-keys/${ofAll.api_key_id}`, ofPod.api_key],
      [`/pods/${pod}/api-keys/${ofAll.api_key_id}`, t.key],
      [`/inboxes/${inbox}/api-keys/${ofPod.api_key_id}`, t.key],
      [`/pods/${pod}/api-keys/${ofPod.api_key_id}`, stranger],
    ] as const) {
      expect((await call('PATCH', path, { key, body })).status, path).toBe(404)
      expect((await call('DELETE', path, { key })).status, path).toBe(404)
    }
    for (const path of [`/pods/${pod}/api-keys`, `/inboxes/${inbox}/api-keys`]) {
      expect((await call('GET', path, { key: stranger })).status).toBe(404)
      expect((await call('POST', path, { key: stranger, body })).status).toBe(404)
    }
  })

  test.each(['0', '101', 'x'])('a list of %s of them is refused', async (limit) => {
    expect((await call('GET', `/api-keys?limit=${limit}`)).status).toBe(400)
  })

  test('lists go on where they ended, either way round', async () => {
    const key = await t.organization()
    for (const name of ['k1', 'k2']) {
      t.clock.advance(1)
      await make('', { name }, key)
    }
    const read = async (query: string) => (await call('GET', `/api-keys?limit=2${query}`, { key })).body
    const names = (page: { api_keys: { name: string }[] }) => page.api_keys.map(({ name }) => name)
    const first = await read('')
    expect(Object.keys(first).sort()).toEqual(['api_keys', 'count', 'next_page_token'])
    expect([...names(first), ...names(await read(`&page_token=${first.next_page_token}`))]).toEqual([
      ...['k2', 'k1', 'first key'],
    ])
    expect(names(await read('&ascending=true'))).toEqual(['first key', 'k1'])
  })
})
