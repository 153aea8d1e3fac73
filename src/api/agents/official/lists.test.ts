import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { agentmail, bearer, refusalOf } from '../../../../test/support/agentmail.ts'
import { type TestApp, testApp } from '../../../../test/support/app.ts'

let t: TestApp
let inbox: string
let pod: string
let client: ReturnType<typeof agentmail>
beforeAll(async () => {
  t = await testApp()
})
afterAll(() => t[Symbol.asyncDispose]())
beforeEach(async () => {
  client = agentmail(t, await t.organization())
  const made = await client.inboxes.create({})
  inbox = made.inboxId
  pod = made.podId
})

describe('lists, by the official client', () => {
  test('take entries, show them and lose them', async () => {
    const made = await client.lists.create('receive', 'block', { entry: 'Eve@Example.COM', reason: 'rude' })
    expect(made).toEqual({
      entry: 'eve@example.com',
      organizationId: expect.stringMatching(/^org_/),
      reason: 'rude',
      direction: 'receive',
      listType: 'block',
      entryType: 'email',
      createdAt: expect.any(Date),
    })
    expect(await client.lists.get('receive', 'block', 'EVE@example.com')).toEqual(made)
    const domain = await client.lists.create('receive', 'block', { entry: 'Bücher.example' })
    expect(domain).toMatchObject({ entry: 'xn--bcher-kva.example', entryType: 'domain' })
    expect(await client.lists.list('receive', 'block')).toMatchObject({ count: 2, entries: [made, domain] })
    expect((await client.lists.list('receive', 'allow')).count).toBe(0)
    await client.lists.delete('receive', 'block', 'eve@example.com')
    expect(await refusalOf(client.lists.get('receive', 'block', 'eve@example.com'))).toEqual({
      status: 404,
      code: 'not_found',
    })
    expect((await refusalOf(client.lists.delete('receive', 'block', 'eve@example.com'))).status).toBe(404)
  })

  test('of a pod and of an inbox are their own, and say so', async () => {
    const ofPod = await client.pods.lists.create(pod, 'send', 'allow', { entry: 'a.test' })
    expect(ofPod).toMatchObject({ podId: pod, entry: 'a.test', listType: 'allow' })
    expect(ofPod).not.toHaveProperty('inboxId')
    const ofInbox = await client.inboxes.lists.create(inbox, 'send', 'allow', { entry: 'b.test' })
    expect(ofInbox).toMatchObject({ podId: pod, inboxId: inbox })
    expect((await client.pods.lists.list(pod, 'send', 'allow')).entries).toEqual([ofPod])
    expect((await client.inboxes.lists.list(inbox, 'send', 'allow')).entries).toEqual([ofInbox])
    expect((await client.lists.list('send', 'allow')).entries).toEqual([])
    expect(await client.inboxes.lists.get(inbox, 'send', 'allow', 'b.test')).toEqual(ofInbox)
    await client.inboxes.lists.delete(inbox, 'send', 'allow', 'b.test')
    await client.pods.lists.delete(pod, 'send', 'allow', 'a.test')
  })

  test('are paged by name, and a token is good for its own list only', async () => {
    for (const entry of ['c.test', 'a.test', 'b.test']) await client.lists.create('reply', 'block', { entry })
    const names = (page: { entries: { entry: string }[] }) => page.entries.map(({ entry }) => entry)
    const first = await client.lists.list('reply', 'block', { limit: 2 })
    expect(names(first)).toEqual(['a.test', 'b.test'])
    const pageToken = first.nextPageToken!
    const second = await client.lists.list('reply', 'block', { limit: 2, pageToken })
    expect(names(second)).toEqual(['c.test'])
    expect(second.nextPageToken).toBeUndefined()
    expect((await refusalOf(client.lists.list('reply', 'allow', { pageToken }))).status).toBe(400)
    expect((await refusalOf(client.pods.lists.list(pod, 'reply', 'block', { pageToken }))).status).toBe(400)
    for (const limit of [0, 101])
      expect((await refusalOf(client.lists.list('reply', 'block', { limit }))).status).toBe(400)
  })

  test('have an entry once', async () => {
    await client.lists.create('send', 'block', { entry: 'a.test' })
    expect(await refusalOf(client.lists.create('send', 'block', { entry: 'A.TEST' }))).toEqual({
      status: 403,
      code: 'resource_taken',
    })
  })

  test.each(['', 'a b', '@', 'a@', '@b.test', 'a@b@c', 'a\r\nb.test', 'a..b', '*.b.test', 'a%2eb', 'a.b:25'])(
    'refuse %j',
    async (entry) => {
      expect(await refusalOf(client.lists.create('send', 'block', { entry }))).toEqual({
        status: 400,
        code: 'validation_error',
      })
    },
  )

  test.each(['a\r\nb', '\0', 'x'.repeat(501)])('refuse the reason %j', async (reason) => {
    expect((await refusalOf(client.lists.create('send', 'block', { entry: 'a.test', reason }))).status).toBe(400)
  })

  test.each([
    ['sent', 'block'],
    ['send', 'deny'],
  ])('there is no list %s/%s', async (direction, type) => {
    expect((await t.call('GET', `/v0/lists/${direction}/${type}`)).status).toBe(404)
  })
})

describe('what lists do', () => {
  const received = async (from: string) => {
    await t.mail(inbox, `From: ${from}\nSubject: x\n\ny`, { mailFrom: from })
    const { messages } = await client.inboxes.messages.list(inbox, { includeBlocked: true })
    return messages[0]!.labels
  }

  test('blocked authors are labelled and out of sight', async () => {
    await client.inboxes.lists.create(inbox, 'receive', 'block', { entry: 'evil.test' })
    expect(await received('eve@evil.test')).toEqual(['received', 'unread', 'blocked'])
    expect((await client.inboxes.messages.list(inbox)).count).toBe(0)
    expect(await received('ann@good.test')).toEqual(['received', 'unread'])
    expect((await client.inboxes.messages.list(inbox)).count).toBe(1)
  })

  test('blocked recipients are refused by the name of the entry', async () => {
    await client.lists.create('send', 'block', { entry: 'evil.test' })
    const send = client.inboxes.messages.send(inbox, { to: 'eve@evil.test', subject: 'x', text: 'y' })
    expect(await refusalOf(send)).toEqual({ status: 403, code: 'message_rejected' })
    const again = client.inboxes.messages.send(inbox, { to: 'eve@evil.test', text: 'y' })
    await expect(again).rejects.toThrow('blocked by the list entry evil.test')
    await client.inboxes.messages.send(inbox, { to: 'ann@good.test', text: 'y' })
  })

  test('a recipient that is blocked after the message was queued gets nothing', async () => {
    const { messageId } = await client.inboxes.messages.send(inbox, { to: 'late@evil.test', text: 'y' })
    await client.inboxes.lists.create(inbox, 'send', 'block', { entry: 'late@evil.test' })
    await t.work()
    const seed = `/api/v0/inboxes/${inbox}/messages/${encodeURIComponent(messageId)}/deliveries`
    const key = (await bearer(client.apiKeys.create({ name: 'x' }))).apiKey
    const { body } = await t.call('GET', seed, { key })
    expect(body.data).toMatchObject([
      { status: 'suppressed', attempts: [{ text: 'late@evil.test is blocked by the list entry late@evil.test' }] },
    ])
  })
})

describe('who may', () => {
  test('others do not learn of a list, nor of what is on it', async () => {
    await client.inboxes.lists.create(inbox, 'send', 'block', { entry: 'a.test' })
    const stranger = agentmail(t, await t.organization())
    const notFound = { status: 404, code: 'not_found' }
    expect(await refusalOf(stranger.inboxes.lists.list(inbox, 'send', 'block'))).toEqual(notFound)
    expect(await refusalOf(stranger.inboxes.lists.create(inbox, 'send', 'block', { entry: 'b.test' }))).toEqual(
      notFound,
    )
    expect(await refusalOf(stranger.inboxes.lists.delete(inbox, 'send', 'block', 'a.test'))).toEqual(notFound)
    expect(await refusalOf(stranger.pods.lists.list(pod, 'send', 'block'))).toEqual(notFound)
    expect(await refusalOf(stranger.lists.get('send', 'block', 'a.test'))).toEqual(notFound)
  })

  test('a key of an inbox has the lists of that inbox for its own', async () => {
    await client.lists.create('send', 'block', { entry: 'org.test' })
    const { apiKey } = await bearer(client.inboxes.apiKeys.create(inbox, {}))
    const confined = agentmail(t, apiKey)
    expect((await confined.lists.list('send', 'block')).entries).toEqual([])
    expect(await refusalOf(confined.lists.delete('send', 'block', 'org.test'))).toMatchObject({ status: 404 })
    expect(await confined.lists.create('send', 'block', { entry: 'mine.test' })).toMatchObject({ inbox_id: inbox })
    expect(await refusalOf(confined.pods.lists.list(pod, 'send', 'block'))).toMatchObject({ status: 404 })
  })

  test.each([
    ['read', (c: typeof client) => c.lists.list('send', 'block')],
    ['read', (c: typeof client) => c.lists.get('send', 'block', 'a.test')],
    ['create', (c: typeof client) => c.lists.create('send', 'block', { entry: 'a.test' })],
    ['delete', (c: typeof client) => c.lists.delete('send', 'block', 'a.test')],
  ])('without list_entry_%s it is refused', async (_, act) => {
    const { apiKey } = await bearer(client.apiKeys.create({ permissions: { inboxRead: true } }))
    expect(await refusalOf(act(agentmail(t, apiKey)))).toEqual({ status: 403, code: 'missing_permission' })
  })

  test('what a bounce put there stays', async () => {
    const { organizationId } = await client.lists.create('send', 'block', { entry: 'x.test' })
    const key = (await bearer(client.apiKeys.create({ name: 'x' }))).apiKey
    await t.call('GET', '/api/v0/inboxes', { key })
    const found = await t.app.store.read.mailboxes.byAddress(inbox)
    const { orgId } = found!
    await t.app.store.run('suppressions.add', {
      orgId,
      address: 'gone@y.test',
      reason: 'hard_bounce',
      deliveryId: null,
    })
    expect(await client.lists.get('send', 'block', 'gone@y.test')).toMatchObject({
      ...{ entry: 'gone@y.test', organizationId, readOnly: true, reason: 'hard_bounce' },
    })
    expect((await refusalOf(client.lists.delete('send', 'block', 'gone@y.test'))).status).toBe(403)
  })
})
