import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { agentmail, bearer, refusalOf } from '../../../../test/support/agentmail.ts'
import { type TestApp, testApp } from '../../../../test/support/app.ts'

const HOUR = 3_600_000
// On the hour, so that what comes next is in one bucket.
const START = Date.UTC(2026, 5, 1, 12)

let t: TestApp
let pod: string
let inbox: string
let key: string
beforeAll(async () => {
  t = await testApp({ start: START })
  const client = agentmail(t)
  pod = (await client.pods.create({ name: 'pod' })).podId
  inbox = (await client.pods.inboxes.create(pod, { username: 'inside' })).inboxId
  const outside = (await client.inboxes.create({ username: 'outside' })).inboxId
  await client.domains.create({ domain: 'counted.example', feedbackEnabled: true }).catch(() => {})
  for (const to of [inbox, inbox, outside]) await t.mail(to, `Subject: ${t.clock.now()}\n\nx`)
  await t.work()
  t.clock.advance(HOUR)
  await t.mail(inbox, 'Subject: late\n\nx')
  await t.call('POST', `/api/v0/inboxes/${inbox}/messages/send`, { body: { to: 'a@example.com', text: 'x' } })
  await t.work()
  await t.work()
  key = await t.organization()
})
afterAll(() => t[Symbol.asyncDispose]())

const call = (path: string, options = {}) => t.call('GET', `/v0${path}`, options)
const at = (ms: number) => new Date(ms)

describe('events, by the official client', () => {
  test('are counted by bucket in the organization, a pod and an inbox', async () => {
    const client = agentmail(t)
    const query = { eventTypes: ['message.received' as const], start: at(START), period: 3600 }
    const bucket = (hour: number, count: number) => ({ timestamp: at(START + hour * HOUR), count })
    expect(await client.metrics.queryEvents(query)).toEqual({ 'message.received': [bucket(0, 3), bucket(1, 1)] })
    const inside = { 'message.received': [bucket(0, 2), bucket(1, 1)] }
    expect(await client.pods.metrics.queryEvents(pod, query)).toEqual(inside)
    expect(await client.inboxes.metrics.queryEvents(inbox, query)).toEqual(inside)
    const ofPod = await bearer(client.pods.apiKeys.create(pod, {}))
    expect(await agentmail(t, ofPod.apiKey).metrics.queryEvents(query)).toEqual(inside)
    const turned = await client.inboxes.metrics.queryEvents(inbox, { ...query, descending: true, limit: 1 })
    expect(turned).toEqual({ 'message.received': [bucket(1, 1)] })
  })

  test('are all told of when none is named, for the last day', async () => {
    const all = await agentmail(t).metrics.queryEvents()
    expect(Object.keys(all)).toHaveLength(10)
    expect(all['message.received']?.map(({ count }) => count)).toEqual([3, 1])
    expect(all['message.complained']).toEqual([])
    expect(all['message.sent']?.map(({ count }) => count)).toEqual([1])
  })

  test('outside the time asked for do not count', async () => {
    const client = agentmail(t)
    const eventTypes = ['message.received' as const]
    const early = await client.metrics.queryEvents({ eventTypes, start: at(START), end: at(START + HOUR), period: 60 })
    expect(early['message.received']?.reduce((sum, { count }) => sum + count, 0)).toBe(3)
    const before = await client.metrics.queryEvents({ eventTypes, start: at(START - HOUR), end: at(START) })
    expect(before).toEqual({ 'message.received': [] })
  })
})

describe('usage, by the official client', () => {
  test('is told as it was, in the organization, a pod and an inbox', async () => {
    const client = agentmail(t)
    const query = { start: at(START), end: at(START + HOUR + 600_000), period: 3600 }
    const all = await client.metrics.queryUsage(query)
    const values = (list: { value: number }[] | undefined) => list?.map(({ value }) => value)
    expect(Object.keys(all).sort()).toEqual([
      'domain_count',
      'inbox_count',
      'message_count',
      'pod_count',
      'storage_bytes',
      'thread_count',
    ])
    expect(values(all.message_count)).toEqual([3, 5])
    expect(all.message_count?.map(({ timestamp }) => timestamp)).toEqual([at(START + HOUR), query.end])
    expect(values(all.inbox_count)).toEqual([2, 2])
    expect(values(all.pod_count)).toEqual([2, 2])
    const ofPod = await client.pods.metrics.queryUsage(pod, query)
    expect(ofPod).not.toHaveProperty('pod_count')
    expect(values(ofPod.message_count)).toEqual([2, 4])
    expect(values(ofPod.inbox_count)).toEqual([1, 1])
    const ofInbox = await client.inboxes.metrics.queryUsage(inbox, query)
    expect(Object.keys(ofInbox).sort()).toEqual(['message_count', 'storage_bytes', 'thread_count'])
    expect(values(ofInbox.thread_count)).toEqual(values(ofInbox.message_count))
  })

  test('of a type that the scope has not is refused', async () => {
    const client = agentmail(t)
    const refused = refusalOf(client.inboxes.metrics.queryUsage(inbox, { usageTypes: ['pod_count'] }))
    expect(await refused).toEqual({ status: 400, code: 'validation_error' })
  })
})

describe.each(['events', 'usage'])('a question about %s', (kind) => {
  const ask = (query: Record<string, string>, options = {}) =>
    call(`/metrics/${kind}?${new URLSearchParams(query)}`, options)
  const ago = (ms: number) => new Date(t.clock.now() - ms).toISOString()

  test.each([
    ['start', { start: 'yesterday' }],
    ['start', { start: '2001-01-01T00:00:00Z' }],
    ['start', { start: '2026-06-01T14:00:00Z', end: '2026-06-01T13:00:00Z' }],
    ['end', { end: '2026-02-30T00:00:00Z' }],
    ['period', { period: '0' }],
    ['period', { period: '86401' }],
    ['period', { period: '1.5' }],
    ['period', { period: '' }],
    ['limit', { limit: '0' }],
    ['limit', { limit: '1001' }],
    ['descending', { descending: 'perhaps' }],
  ])('with a bad %s is refused: %j', async (field, query) => {
    const refused = await ask(query)
    expect(refused).toMatchObject({ status: 400, body: { code: 'validation_error' } })
    expect(refused.body.errors[0].path[0]).toBe(field)
  })

  test('with a type that nobody knows is refused', async () => {
    const names = { events: 'event_types', usage: 'usage_types' }
    const refused = await ask({ [names[kind as 'events']]: 'message.opened' })
    expect(refused).toMatchObject({ status: 400, body: { code: 'validation_error' } })
  })

  test('has at most a thousand buckets', async () => {
    expect((await ask({ start: ago(1_000_000), end: ago(0), period: '1' })).status).toBe(200)
    expect(await ask({ start: ago(1_001_000), end: ago(0), period: '1' })).toMatchObject({
      status: 422,
      body: { code: 'query_range_too_wide' },
    })
    expect((await ask({ start: ago(89 * 24 * HOUR) })).status).toBe(200)
  })

  test('is not answered for somebody else, nor without the permission', async () => {
    for (const scope of [`/pods/${pod}`, `/inboxes/${inbox}`]) {
      expect((await call(`${scope}/metrics/${kind}`, { key })).status).toBe(404)
    }
    const own = (await ask({}, { key })).body
    expect(JSON.stringify(own)).not.toMatch(/"(count|value)":[2-9]/)
    const weak = await bearer(agentmail(t).apiKeys.create({ permissions: { inboxRead: true } }))
    for (const scope of ['', `/pods/${pod}`, `/inboxes/${inbox}`]) {
      expect(await call(`${scope}/metrics/${kind}`, { key: weak.apiKey })).toMatchObject({
        status: 403,
        body: { fix: 'Use a key with the permission metrics_read' },
      })
    }
  })
})

test('hidden mail is counted for those who may see it', async () => {
  const weak = await bearer(agentmail(t).apiKeys.create({ permissions: { metricsRead: true } }))
  const all = await agentmail(t, weak.apiKey).metrics.queryEvents()
  expect(all).not.toHaveProperty(['message.received.spam'])
  const asked = agentmail(t, weak.apiKey).metrics.queryEvents({ eventTypes: ['message.received.spam'] })
  expect(await refusalOf(asked)).toEqual({ status: 403, code: 'missing_permission' })
})
