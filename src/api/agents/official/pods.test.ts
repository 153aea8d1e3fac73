import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { agentmail, bearer, refusalOf } from '../../../../test/support/agentmail.ts'
import { type TestApp, testApp } from '../../../../test/support/app.ts'

let t: TestApp
beforeAll(async () => {
  t = await testApp()
})
afterAll(() => t[Symbol.asyncDispose]())

const call = (method: string, path: string, options = {}) => t.call(method, `/v0${path}`, options)

describe('pods, by the official client', () => {
  test('are made, read, listed and deleted', async () => {
    const { pods } = agentmail(t)
    const pod = await pods.create({ name: 'Customer 1', clientId: 'customer-1' })
    expect(pod).toMatchObject({ name: 'Customer 1', clientId: 'customer-1' })
    expect(pod.createdAt).toBeInstanceOf(Date)
    expect(await pods.get(pod.podId)).toEqual(pod)
    expect(await pods.get('customer-1')).toEqual(pod)
    const { count, pods: all } = await pods.list()
    expect(count).toBe(2)
    expect(all[0]).toEqual(pod)
    await pods.delete(pod.podId)
    expect(await refusalOf(pods.get(pod.podId))).toEqual({ status: 404, code: 'not_found' })
    expect((await pods.list()).count).toBe(1)
  })

  test('of one client_id are one, whatever else is asked for', async () => {
    const { pods } = agentmail(t)
    const made = await Promise.all(['a', 'b', 'c'].map((name) => pods.create({ name, clientId: 'same' })))
    expect(new Set(made.map(({ podId }) => podId)).size).toBe(1)
    await pods.delete('same')
    expect((await pods.create({ clientId: 'same' })).podId).not.toBe(made[0]?.podId)
    await pods.delete('same')
  })

  test('hold inboxes that only they show, and cannot be deleted with one', async () => {
    const client = agentmail(t)
    const pod = await client.pods.create({ name: 'Full' })
    const inbox = await client.pods.inboxes.create(pod.podId, { username: 'inside' })
    expect(inbox.podId).toBe(pod.podId)
    expect((await client.pods.inboxes.list(pod.podId)).inboxes).toEqual([inbox])
    expect((await client.inboxes.get(inbox.inboxId)).podId).toBe(pod.podId)
    expect(await refusalOf(client.pods.delete(pod.podId))).toEqual({ status: 409, code: 'cannot_delete' })
    await client.pods.inboxes.delete(pod.podId, inbox.inboxId)
    await client.pods.delete(pod.podId)
  })

  test('a default one is there and stays', async () => {
    const client = agentmail(t)
    const { podId } = await client.inboxes.create({})
    expect(await refusalOf(client.pods.delete(podId))).toEqual({ status: 409, code: 'cannot_delete' })
  })
})

describe('a pod', () => {
  test.each([
    ['name', { name: '' }],
    ['name', { name: 'x'.repeat(257) }],
    ['name', { name: 'a\r\nX-Injected: 1' }],
    ['name', { name: 'a\u0000' }],
    ['name', { name: 7 }],
    ['client_id', { client_id: '' }],
    ['client_id', { client_id: 'a@b' }],
    ['client_id', { client_id: 'x'.repeat(257) }],
  ])('is not made with a bad %s: %j', async (field, body) => {
    expect(await call('POST', '/pods', { body })).toMatchObject({
      status: 400,
      body: { code: 'validation_error', errors: [{ path: [field] }] },
    })
  })

  test('may have a client_id that looks like an id', async () => {
    const client_id = '01890a5d-ac96-774b-bcce-b302099a8057'
    const { body } = await call('POST', '/pods', { body: { client_id } })
    expect((await call('GET', `/pods/${client_id}`)).body).toEqual(body)
    expect((await call('GET', `/pods/${client_id}/inboxes`)).status).toBe(200)
    await call('DELETE', `/pods/${client_id}`)
  })

  test.each(['0', '101', '-1', '1.5', ''])('a list of %j of them is refused', async (limit) => {
    expect((await call('GET', `/pods?limit=${limit}`)).status).toBe(400)
  })

  test('lists go on where they ended', async () => {
    for (const name of ['p1', 'p2', 'p3']) await call('POST', '/pods', { body: { name, client_id: name } })
    const first = (await call('GET', '/pods?limit=2')).body
    const second = (await call('GET', `/pods?limit=2&page_token=${first.next_page_token}`)).body
    const names = [...first.pods, ...second.pods].map((p: { name: string }) => p.name)
    expect(names).toEqual(['p3', 'p2', 'p1', 'default'])
    expect(second).not.toHaveProperty('next_page_token')
    for (const name of ['p1', 'p2', 'p3']) await call('DELETE', `/pods/${name}`)
  })

  test('of another organization is not there', async () => {
    const { body } = await call('POST', '/pods', { body: { name: 'Mine', client_id: 'mine' } })
    const key = await t.organization()
    for (const id of [body.pod_id, 'mine']) {
      expect((await call('GET', `/pods/${id}`, { key })).status).toBe(404)
      expect((await call('DELETE', `/pods/${id}`, { key })).status).toBe(404)
      expect((await call('GET', `/pods/${id}/inboxes`, { key })).status).toBe(404)
    }
    expect((await call('GET', '/pods', { key })).body.count).toBe(1)
    await call('DELETE', '/pods/mine')
  })

  test.each([
    ['GET', '/pods', 'pod_read'],
    ['POST', '/pods', 'pod_create'],
    ['GET', '/pods/unknown', 'pod_read'],
    ['DELETE', '/pods/unknown', 'pod_delete'],
  ])('%s %s takes a permission', async (method, path, permission) => {
    const { body } = await call('POST', '/api-keys', { body: { permissions: { inbox_read: true } } })
    const answer = await call(method, path, { key: body.api_key, ...(method === 'POST' && { body: {} }) })
    expect(answer).toMatchObject({
      status: 403,
      body: { code: 'missing_permission', fix: expect.stringContaining(permission) },
    })
  })

  test('is all that its keys see, and they make and delete none', async () => {
    const client = agentmail(t)
    const [own, other] = [await client.pods.create({ name: 'own' }), await client.pods.create({ name: 'other' })]
    const { apiKey } = await bearer(client.pods.apiKeys.create(own.podId, {}))
    const inside = agentmail(t, apiKey)
    expect((await inside.pods.list()).pods).toEqual([own])
    expect(await refusalOf(inside.pods.get(other.podId))).toEqual({ status: 404, code: 'not_found' })
    expect(await refusalOf(inside.pods.create({}))).toEqual({ status: 403, code: 'missing_permission' })
    expect(await refusalOf(inside.pods.delete(other.podId))).toEqual({ status: 404, code: 'not_found' })
    expect(await refusalOf(inside.pods.delete(own.podId))).toEqual({ status: 409, code: 'cannot_delete' })
    expect((await inside.inboxes.create({})).podId).toBe(own.podId)
  })
})
