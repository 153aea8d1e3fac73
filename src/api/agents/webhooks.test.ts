import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'
import { WebhookWorker } from '../../core/webhooks/worker.ts'

const url = 'https://hook.example.com/mail'
const some = { url, event_types: ['message.received'] }

let t: TestApp
beforeAll(async () => {
  t = await testApp({
    dns: { 'inside.example.com': { a: ['10.0.0.1'] }, 'hook.example.com': { a: ['93.184.216.34'] } },
  })
})
afterAll(() => t[Symbol.asyncDispose]())

const create = (body: object, key = t.key) => t.call('POST', '/api/v0/webhooks', { body, key })
const patch = (id: string, body: object, key = t.key) => t.call('PATCH', `/api/v0/webhooks/${id}`, { body, key })
const get = (id: string, key = t.key) => t.call('GET', `/api/v0/webhooks/${id}`, { key })
const inbox = async (username: string, key = t.key) =>
  (await t.call('POST', '/api/v0/inboxes', { key, body: { username } })).body.inbox_id

describe('making a webhook', () => {
  test('shows the secret once, and never again', async () => {
    const id = await inbox('first')
    const asked = { ...some, event_types: ['message.sent', 'domain.verified', 'message.sent'], inbox_ids: [id, id] }
    const made = await create({ ...asked, client_id: 'my-integration' })
    expect(made.status).toBe(201)
    expect(made.body).toEqual({
      webhook_id: expect.stringMatching(/^wh_[0-9a-z]{26}$/),
      url,
      event_types: ['message.sent', 'domain.verified'],
      inbox_ids: [id],
      enabled: true,
      client_id: 'my-integration',
      secret: expect.stringMatching(/^[0-9a-f]{64}$/),
      created_at: expect.stringMatching(/\.\d{3}Z$/),
      updated_at: made.body.created_at,
    })
    const { secret, ...shown } = made.body
    expect(await get(shown.webhook_id)).toMatchObject({ status: 200, body: shown })
    expect((await get(shown.webhook_id)).body).toEqual(shown)
    expect((await patch(shown.webhook_id, {})).body).not.toHaveProperty('secret')
    expect(JSON.stringify((await t.call('GET', '/api/v0/webhooks')).body)).not.toContain(secret)
  })

  test.each([{}, { inbox_ids: [] }, { inbox_ids: null }])('%j is for all inboxes', async (filter) => {
    expect((await create({ ...some, ...filter })).body.inbox_ids).toEqual([])
  })

  test.each([
    ['url', { event_types: ['message.sent'] }],
    ['url', { ...some, url: null }],
    ['url', { ...some, url: 'not a url' }],
    ['url', { ...some, url: `https://a.example/${'x'.repeat(2048)}` }],
    ['event_types', { url }],
    ['event_types', { ...some, event_types: [] }],
    ['event_types', { ...some, event_types: 'message.sent' }],
    ['event_types', { ...some, event_types: ['message.sent', 'message.opened'] }],
    ['event_types', { ...some, event_types: ['message.received.spam'] }],
    ['inbox_ids', { ...some, inbox_ids: 'x' }],
    ['inbox_ids', { ...some, inbox_ids: Array(101).fill('x') }],
    ['client_id', { ...some, client_id: '' }],
    ['client_id', { ...some, client_id: 'a b' }],
    ['client_id', { ...some, client_id: 'x'.repeat(257) }],
  ])('refuses a bad %s', async (field, body) => {
    const refused = await create(body)
    expect(refused).toMatchObject({ status: 400, body: { code: 'validation_error' } })
    expect(refused.body.errors[0].path[0]).toBe(field)
  })

  test.each([
    'http://hook.example.com/',
    'ftp://hook.example.com/',
    'https://user:pass@hook.example.com/',
    'https://hook.example.com/#part',
    'https://localhost/',
    'https://127.0.0.1/',
    'https://[::1]/',
    'https://2130706433/',
    'https://169.254.169.254/latest',
    'https://inside.example.com/',
    'https://hook.example.com:25/',
  ])('never posts to %s', async (blocked) => {
    expect(await create({ ...some, url: blocked })).toMatchObject({ status: 400, body: { code: 'url_blocked' } })
    const { webhook_id } = (await create(some)).body
    expect(await patch(webhook_id, { url: blocked })).toMatchObject({ status: 400, body: { code: 'url_blocked' } })
    expect((await get(webhook_id)).body.url).toBe(url)
    await t.call('DELETE', `/api/v0/webhooks/${webhook_id}`)
  })

  test('unknown inboxes are not found, after a bad body is', async () => {
    const nowhere = { inbox_ids: ['nobody@posthouse.test'] }
    expect(await create({ ...some, ...nowhere })).toMatchObject({ status: 404, body: { code: 'not_found' } })
    expect((await create({ ...nowhere, ...some, event_types: ['x'] })).status).toBe(400)
    expect((await create({ ...nowhere, ...some, url: 'https://127.0.0.1/' })).body.code).toBe('url_blocked')
    const { webhook_id } = (await create(some)).body
    expect((await patch(webhook_id, nowhere)).status).toBe(404)
    expect((await patch('wh_x', { event_types: ['x'] })).status).toBe(400)
    expect((await patch('wh_x', { url: 'x' })).status).toBe(400)
  })

  test('a bad body is told before a missing permission', async () => {
    const reader = (await t.call('POST', '/api/v0/api-keys', { body: { name: 'r', scopes: ['read'] } })).body.key
    expect((await create({ ...some, url: 'x' }, reader)).status).toBe(400)
    expect(await create(some, reader)).toMatchObject({ status: 403, body: { code: 'missing_permission' } })
    const { webhook_id } = (await create(some)).body
    expect((await get(webhook_id, reader)).status).toBe(200)
    expect((await patch(webhook_id, { url: 'x' }, reader)).status).toBe(400)
    expect((await patch(webhook_id, {}, reader)).status).toBe(403)
    for (const verb of ['rotate-secret', 'test', 'deliveries/whd_x/replay']) {
      expect((await t.call('POST', `/api/v0/webhooks/${webhook_id}/${verb}`, { key: reader })).status).toBe(403)
    }
    expect((await t.call('DELETE', `/api/v0/webhooks/${webhook_id}`, { key: reader })).status).toBe(403)
  })

  test('an organization has at most fifty', async () => {
    const key = await t.organization()
    const answers = await Promise.all(Array.from({ length: 55 }, () => create(some, key)))
    expect(answers.filter((a) => a.status === 201)).toHaveLength(50)
    expect(answers.find((a) => a.status !== 201)).toMatchObject({ status: 403, body: { code: 'limit_exceeded' } })
  })

  test('a key of one inbox makes and sees webhooks of that inbox only', async () => {
    const [own, other] = [await inbox('own'), await inbox('other')]
    const { key } = (await t.call('POST', '/api/v0/api-keys', { body: { name: 'x', inbox_id: own } })).body
    const all = (await create(some)).body.webhook_id
    const made = await create(some, key)
    expect(made.body.inbox_ids).toEqual([own])
    expect((await create({ ...some, inbox_ids: [other] }, key)).status).toBe(404)
    expect((await get(all, key)).status).toBe(404)
    expect((await patch(made.body.webhook_id, { inbox_ids: [] }, key)).body.inbox_ids).toEqual([own])
    expect((await t.call('GET', '/api/v0/webhooks', { key })).body).toMatchObject({ total: 1 })
  })
})

describe('client_id', () => {
  test('leads to the webhook it made, without its secret', async () => {
    const first = await create({ ...some, client_id: 'replayed' })
    const again = await create({ ...some, client_id: 'replayed', event_types: ['message.sent'] })
    expect(again.status).toBe(200)
    const { secret: _, ...shown } = first.body
    expect(again.body).toEqual(shown)
  })

  test('with another URL is a conflict, and free again after the delete', async () => {
    const { webhook_id } = (await create({ ...some, client_id: 'conflicting' })).body
    const other = { ...some, url: 'https://hook.example.com/other', client_id: 'conflicting' }
    expect(await create(other)).toMatchObject({ status: 409, body: { code: 'conflict' } })
    expect((await t.call('DELETE', `/api/v0/webhooks/${webhook_id}`)).status).toBe(204)
    expect((await create(other)).status).toBe(201)
  })

  test('twenty at once make one, and one of them has the secret', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => create({ ...some, client_id: 'parallel' })))
    expect(answers.map((a) => a.status).sort()).toEqual([...Array(19).fill(200), 201])
    expect(new Set(answers.map((a) => a.body.webhook_id)).size).toBe(1)
    expect(answers.filter((a) => 'secret' in a.body)).toHaveLength(1)
  })
})

describe('reading, changing and deleting', () => {
  test('the list is newest first, in pages', async () => {
    const key = await t.organization()
    const ids = []
    for (const _ of [1, 2, 3]) ids.unshift((await create(some, key)).body.webhook_id)
    const page = await t.call('GET', '/api/v0/webhooks?page=1&page_size=2', { key })
    expect(page.body).toMatchObject({ total: 3, page: 1, page_size: 2 })
    expect(page.body.data.map((w: { webhook_id: string }) => w.webhook_id)).toEqual(ids.slice(0, 2))
  })

  test('a change sets what it names, and null clears the filter', async () => {
    const id = await inbox('filtered')
    const { secret: _, ...made } = (await create({ ...some, inbox_ids: [id], client_id: 'changing' })).body
    const changed = await patch(made.webhook_id, {
      ...{ url: 'https://hook.example.com/new', event_types: ['message.sent'], enabled: false },
      ...{ client_id: 'ignored', secret: 'ignored' },
    })
    expect(changed.body).toEqual({
      ...{ ...made, url: 'https://hook.example.com/new', event_types: ['message.sent'], enabled: false },
      updated_at: changed.body.updated_at,
    })
    expect(changed.body.updated_at).not.toBe(made.updated_at)
    expect((await patch(made.webhook_id, { inbox_ids: null, enabled: true })).body).toMatchObject({
      ...{ inbox_ids: [], enabled: true },
    })
    expect((await patch(made.webhook_id, { inbox_ids: ['filtered@posthouse.test'] })).body.inbox_ids).toEqual([id])
  })

  test.each([
    ['url', { url: null }],
    ['url', { url: 7 }],
    ['event_types', { event_types: [] }],
    ['event_types', { event_types: null }],
    ['inbox_ids', { inbox_ids: 'x' }],
    ['enabled', { enabled: 'yes' }],
    ['enabled', { enabled: null }],
  ])('a change refuses a bad %s: %j', async (field, body) => {
    const { webhook_id } = (await create(some)).body
    const refused = await patch(webhook_id, body)
    expect(refused).toMatchObject({ status: 400, body: { code: 'validation_error' } })
    expect(refused.body.errors[0].path[0]).toBe(field)
    await t.call('DELETE', `/api/v0/webhooks/${webhook_id}`)
  })

  test('a deleted inbox leaves the filters, and a filter that becomes empty switches off', async () => {
    const [one, two] = [await inbox('one'), await inbox('two')]
    const both = (await create({ ...some, inbox_ids: [one, two] })).body.webhook_id
    const only = (await create({ ...some, inbox_ids: [one] })).body.webhook_id
    await t.call('DELETE', `/api/v0/inboxes/${one}`)
    expect((await get(both)).body).toMatchObject({ inbox_ids: [two], enabled: true })
    expect((await get(only)).body).toMatchObject({
      ...{ inbox_ids: [], enabled: false, disabled_reason: 'inboxes_deleted' },
    })
    expect((await patch(only, { enabled: true })).status).toBe(400)
    expect((await patch(only, { enabled: true, inbox_ids: [two] })).body).toMatchObject({ enabled: true })
  })

  test('unknown ones are not found', async () => {
    const { webhook_id } = (await create(some)).body
    await t.call('DELETE', `/api/v0/webhooks/${webhook_id}`)
    for (const id of [webhook_id, 'wh_x', '%', 'x'.repeat(3000)]) {
      for (const [method, path] of [
        ...[
          ['GET', ''],
          ['DELETE', ''],
          ['POST', '/rotate-secret'],
          ['POST', '/test'],
          ['GET', '/deliveries'],
        ],
        ['POST', '/deliveries/whd_x/replay'],
      ] as const) {
        expect((await t.call(method!, `/api/v0/webhooks/${id}${path}`)).status).toBe(404)
      }
      expect((await patch(id, {})).status).toBe(404)
    }
  })

  test('a disabled one is not tested and not replayed', async () => {
    const { webhook_id } = (await create({ ...some, url: 'https://nowhere.example.com/' })).body
    const path = `/api/v0/webhooks/${webhook_id}`
    const { deliveries } = (await t.call('POST', `${path}/test`)).body
    await using worker = new WebhookWorker(t.app)
    await worker.idle()
    await patch(webhook_id, { enabled: false })
    expect((await t.call('POST', `${path}/test`)).status).toBe(409)
    expect((await t.call('POST', `${path}/deliveries/${deliveries[0].delivery_id}/replay`)).status).toBe(409)
    const { data } = (await t.call('GET', `${path}/deliveries`)).body
    expect(data).toMatchObject([{ status: 'cancelled', attempts: [{ status: null, error: 'dns' }] }])
  })
})
