import { AgentMail, AgentMailError } from 'agentmail'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AgentMailBench, startAgentMailBench } from '../support/agentmail.ts'
import { eventually } from '../support/api-client.ts'

let bench: AgentMailBench
let client: AgentMailBench['client']

beforeAll(async () => {
  bench = await startAgentMailBench()
  client = bench.client
})
afterAll(() => bench[Symbol.asyncDispose]())

const newInbox = () => client.inboxes.create({})
const refused = async (call: PromiseLike<unknown>) => {
  const error = await Promise.resolve(call).then(
    () => undefined,
    (reason) => reason,
  )
  expect(error).toBeInstanceOf(AgentMailError)
  return error as AgentMailError & { body: { code: string } }
}

describe('inboxes', () => {
  test('are made, read, changed, listed and deleted', async () => {
    const made = await client.inboxes.create({
      username: 'Desk',
      displayName: 'Tea Desk',
      metadata: { plan: 'free', n: 1 },
    })
    expect(made).toEqual({
      podId: expect.stringMatching(/^pod_/),
      inboxId: 'desk@posthouse.localhost',
      email: 'desk@posthouse.localhost',
      displayName: 'Tea Desk',
      metadata: { plan: 'free', n: 1 },
      createdAt: expect.any(Date),
      updatedAt: expect.any(Date),
    })
    expect(await client.inboxes.get(made.inboxId)).toEqual(made)
    const changed = await client.inboxes.update(made.inboxId, { metadata: { n: null, paid: true } } as never)
    expect(changed).toMatchObject({ displayName: 'Tea Desk', metadata: { plan: 'free', paid: true } })
    expect(changed.metadata).not.toHaveProperty('n')
    expect(await client.inboxes.update(made.inboxId, { metadata: null } as never)).not.toHaveProperty('metadata')
    expect((await refused(client.inboxes.update(made.inboxId, {}))).statusCode).toBe(400)
    expect((await client.inboxes.list()).inboxes.map((i) => i.inboxId)).toContain(made.inboxId)
    await client.inboxes.delete(made.inboxId)
    const gone = await refused(client.inboxes.get(made.inboxId))
    expect(gone).toBeInstanceOf(AgentMail.NotFoundError)
    expect(gone.body).toMatchObject({ code: 'not_found' })
  })

  test('without a body get a name of ours; with a client_id they are made once', async () => {
    expect((await client.inboxes.create(undefined)).email).toMatch(/^[a-z]{12}@/)
    const first = await client.inboxes.create({ clientId: 'only.one' })
    expect(await client.inboxes.create({ clientId: 'only.one', username: 'other' })).toEqual(first)
  })

  test('are listed page by page, in either order, and in their pod', async () => {
    const made = [await newInbox(), await newInbox(), await newInbox()]
    const first = await client.inboxes.list({ limit: 2 })
    expect(first).toMatchObject({ count: 2, limit: 2, inboxes: [made[2], made[1]] })
    const second = await client.inboxes.list({ limit: 2, pageToken: first.nextPageToken! })
    expect(second.inboxes[0]).toEqual(made[0])
    const inPod = await client.pods.inboxes.list(made[0]!.podId, { limit: 1 })
    expect(inPod.inboxes).toEqual([made[2]])
    expect((await client.inboxes.list({ ascending: true, limit: 100 })).inboxes.at(-1)).toEqual(made[2])
  })

  test('a taken address is refused with 403', async () => {
    const { inboxId } = await newInbox()
    const error = await refused(client.inboxes.create({ username: inboxId.split('@')[0]! }))
    expect(error).toMatchObject({ statusCode: 403, body: { code: 'resource_taken' } })
  })
})

describe('a received message', () => {
  const html = '<p>Hello <b>desk</b></p>'
  let inbox: AgentMail.inboxes.Inbox
  let item: AgentMail.MessageItem

  beforeAll(async () => {
    inbox = await newInbox()
    await bench.mail({
      to: inbox.email,
      cc: 'Bob <bob@client.test>',
      subject: 'Tea at four',
      messageId: '<tea@client.test>',
      text: 'Hello desk',
      html,
      attachments: [{ filename: 'cup.txt', content: 'a cup of tea' }],
    })
    item = (await client.inboxes.messages.list(inbox.inboxId)).messages[0]!
  })

  test('is listed without bodies', () => {
    expect(item).toMatchObject({
      inboxId: inbox.inboxId,
      threadId: expect.stringMatching(/^thr_/),
      messageId: '<tea@client.test>',
      labels: ['received', 'unread'],
      from: 'Ada Lovelace <ada@client.test>',
      to: [inbox.email],
      cc: ['Bob <bob@client.test>'],
      subject: 'Tea at four',
      preview: 'Hello desk',
      attachments: [{ filename: 'cup.txt', contentType: 'text/plain', contentDisposition: 'attachment', size: 12 }],
    })
    expect(item).not.toHaveProperty('text')
    expect(item.timestamp).toBeInstanceOf(Date)
  })

  test('is read whole, with the JSON that the contract shows', async () => {
    const message = await client.inboxes.messages.get(inbox.inboxId, item.messageId)
    expect(message).toMatchObject({ ...item, text: 'Hello desk', html, extractedText: 'Hello desk' })
    expect(message.headers?.Subject).toBe('Tea at four')
    const path = `/v0/inboxes/${encodeURIComponent(inbox.inboxId)}/messages/${encodeURIComponent(item.messageId)}`
    const { body } = await bench.raw('GET', path)
    expect(Object.keys(body).sort()).toEqual(
      [
        'attachments',
        'cc',
        'created_at',
        'extracted_html',
        'extracted_text',
        'from',
        'headers',
        'html',
        'inbox_id',
      ].concat([
        'labels',
        'message_id',
        'preview',
        'size',
        'subject',
        'text',
        'thread_id',
        'timestamp',
        'to',
        'updated_at',
      ]),
    )
    expect(JSON.stringify(body)).not.toContain('null')
  })

  test('has its attachment behind a link', async () => {
    const { attachmentId } = item.attachments![0]!
    for (const link of [
      await client.inboxes.messages.getAttachment(inbox.inboxId, item.messageId, attachmentId),
      await client.inboxes.threads.getAttachment(inbox.inboxId, item.threadId, attachmentId),
      await client.threads.getAttachment(item.threadId, attachmentId),
    ]) {
      expect(link).toMatchObject({ attachmentId, filename: 'cup.txt', size: 12, expiresAt: expect.any(Date) })
      expect(await (await fetch(atServer(link.downloadUrl))).text()).toBe('a cup of tea')
    }
  })

  test('has its raw bytes behind a link', async () => {
    const raw = await client.inboxes.messages.getRaw(inbox.inboxId, item.messageId)
    expect(raw).toMatchObject({ messageId: item.messageId, size: item.size, expiresAt: expect.any(Date) })
    const bytes = await (await fetch(atServer(raw.downloadUrl))).text()
    expect(bytes).toContain('Subject: Tea at four\r\n')
    expect(bytes.length).toBe(raw.size)
  })

  test('is labelled, binned, restored and read', async () => {
    const update = (change: object) => client.inboxes.messages.update(inbox.inboxId, item.messageId, change)
    const list = (query: object) => client.inboxes.messages.list(inbox.inboxId, query)
    expect(await update({ addLabels: ['tea', 'a b'], removeLabels: 'unread' })).toEqual({
      messageId: item.messageId,
      labels: ['received', 'tea', 'a b'],
    })
    expect((await list({ labels: ['tea', 'a b'] })).count).toBe(1)
    expect((await list({ labels: ['tea', 'unread'] })).count).toBe(0)
    await update({ addLabels: 'trash' })
    expect((await list({})).count).toBe(0)
    expect((await list({ includeTrash: true })).messages[0]!.labels).toContain('trash')
    expect((await list({ labels: ['trash'] })).count).toBe(1)
    await update({ removeLabels: ['trash', 'tea'], addLabels: ['tea'] })
    expect((await list({})).messages[0]!.labels).toEqual(['received', 'a b'])
    expect((await refused(update({ addLabels: ['sent'] }))).statusCode).toBe(400)
    await update({ addLabels: ['unread'], removeLabels: ['a b'] })
  })

  test('is found by its filters', async () => {
    const count = async (query: object) => (await client.inboxes.messages.list(inbox.inboxId, query)).count
    const at = item.timestamp
    expect(await count({ from: ['LOVELACE', 'ada@'], to: [inbox.email.slice(2, 8)], subject: ['tea'] })).toBe(1)
    expect(await count({ from: ['lovelace', 'byron'] })).toBe(0)
    expect(await count({ to: ['bob@'] })).toBe(1)
    expect(await count({ before: new Date(at.getTime() + 1), after: new Date(at.getTime() - 1) })).toBe(1)
    expect(await count({ before: at })).toBe(0)
    expect(await count({ after: at })).toBe(0)
    expect(await count({ labels: ['received', 'unread'] })).toBe(1)
    expect(await count({ labels: ['sent'] })).toBe(0)
  })

  test('is found by its words, with the hits marked', async () => {
    const found = await eventually(
      () => client.inboxes.messages.search(inbox.inboxId, { q: 'hello tea' }).then((page) => page),
      (page) => page.count === 1,
    )
    expect(found.messages[0]).toMatchObject({
      messageId: item.messageId,
      highlights: { subject: ['**Tea** at four'], text: ['**Hello** desk'] },
    })
    expect((await client.inboxes.messages.search(inbox.inboxId, { q: 'coffee' })).count).toBe(0)
    for (const threads of [client.threads, client.threads]) {
      const { threads: hits } = await threads.search({ q: 'lovelace', limit: 100 })
      expect(hits.find((t) => t.threadId === item.threadId)).toMatchObject({
        inboxId: inbox.inboxId,
        highlights: { from: ['Ada **Lovelace** <ada@client.test>'] },
      })
    }
    expect((await client.pods.threads.search(inbox.podId, { q: 'four' })).count).toBe(1)
    expect((await client.inboxes.threads.search(inbox.inboxId, { q: 'four' })).count).toBe(1)
  })

  test('is fetched and labelled with others at once', async () => {
    await bench.mail({ to: inbox.email, messageId: '<second@client.test>', text: 'two' })
    const messageIds = ['<second@client.test>', '<nothing@client.test>', item.messageId]
    const got = await client.inboxes.messages.batchGet(inbox.inboxId, { messageIds })
    expect(got).toMatchObject({ limit: 3, count: 2 })
    expect(got.messages.map((m) => m.messageId)).toEqual(['<second@client.test>', item.messageId])
    const change = { messageIds, addLabels: ['both'], removeLabels: 'unread' }
    expect(await client.inboxes.messages.batchUpdate(inbox.inboxId, change)).toEqual({
      limit: 3,
      count: 2,
      updates: [
        { messageId: '<second@client.test>', labels: ['received', 'both'] },
        { messageId: item.messageId, labels: ['received', 'both'] },
      ],
    })
    const twice = { messageIds: [item.messageId, item.messageId] }
    expect((await refused(client.inboxes.messages.batchGet(inbox.inboxId, twice))).statusCode).toBe(400)
  })

  test('is deleted for good', async () => {
    await client.inboxes.messages.delete(inbox.inboxId, '<second@client.test>')
    const gone = await refused(client.inboxes.messages.get(inbox.inboxId, '<second@client.test>'))
    expect(gone).toBeInstanceOf(AgentMail.NotFoundError)
  })
})

describe('sending', () => {
  let [alice, bob]: AgentMail.inboxes.Inbox[] = []
  const inboxOf = (inbox: AgentMail.inboxes.Inbox | undefined) => inbox!.inboxId

  beforeAll(async () => {
    alice = await client.inboxes.create({ displayName: 'Alice' })
    bob = await newInbox()
  })

  const arrives = async (inbox: AgentMail.inboxes.Inbox, subject: string) => {
    const arrived = (page: AgentMail.ListMessagesResponse) =>
      page.messages.find((m) => m.subject === subject && m.labels.includes('received'))
    const page = await eventually(
      () => client.inboxes.messages.list(inbox.inboxId, { subject: [subject] }).then((found) => found),
      (found) => arrived(found) !== undefined,
    )
    return client.inboxes.messages.get(inbox.inboxId, arrived(page)!.messageId)
  }

  test('a message arrives, is answered, and the answer is answered in the same thread', async () => {
    const sent = await client.inboxes.messages.send(inboxOf(alice), {
      to: [bob!.email],
      cc: 'Carl <carl@client.test>',
      subject: 'Plan',
      text: 'The plan',
      html: '<p>The plan</p>',
      labels: ['mine'],
      headers: { 'X-Trip': '7' },
      attachments: [{ filename: 'map.txt', content: Buffer.from('a map').toString('base64') }],
    })
    expect(sent).toEqual({
      messageId: expect.stringMatching(/^<.+@posthouse\.localhost>$/),
      threadId: expect.any(String),
    })
    const own = await client.inboxes.messages.get(inboxOf(alice), sent.messageId)
    expect(own).toMatchObject({
      labels: ['sent', 'mine'],
      from: `Alice <${alice!.email}>`,
      cc: ['Carl <carl@client.test>'],
      headers: { 'X-Trip': '7' },
      threadId: sent.threadId,
    })
    const got = await arrives(bob!, 'Plan')
    expect(got).toMatchObject({
      messageId: sent.messageId,
      labels: ['received', 'unread'],
      attachments: [{ filename: 'map.txt' }],
    })

    const answer = await client.inboxes.messages.reply(inboxOf(bob), got.messageId, { text: 'Fine' })
    expect(answer.threadId).toBe(got.threadId)
    const back = await arrives(alice!, 'Re: Plan')
    expect(back).toMatchObject({
      threadId: sent.threadId,
      inReplyTo: sent.messageId,
      subject: 'Re: Plan',
      to: [`Alice <${alice!.email}>`],
    })

    await client.inboxes.messages.replyAll(inboxOf(bob), got.messageId, { text: 'All fine' })
    const toAll = await eventually(
      () => client.inboxes.threads.get(inboxOf(alice), sent.threadId).then((thread) => thread),
      (thread) => thread.messageCount === 3,
    )
    expect(toAll.messages.map((m) => m.subject)).toEqual(['Plan', 'Re: Plan', 'Re: Plan'])
    expect(toAll.messages[2]).toMatchObject({ cc: ['Carl <carl@client.test>'] })
  })

  test('a forward has our words on top, the original below, and its attachments', async () => {
    const original = await arrives(bob!, 'Plan')
    const sent = await client.inboxes.messages.forward(inboxOf(bob), original.messageId, {
      to: alice!.email,
      text: 'Look:',
    })
    expect(sent.threadId).not.toBe(original.threadId)
    const got = await arrives(alice!, 'Fwd: Plan')
    expect(got.text).toMatch(/^Look:[\s\S]*Forwarded message[\s\S]*The plan/)
    expect(got.attachments).toMatchObject([{ filename: 'map.txt' }])
  })

  test('the same Idempotency-Key sends once', async () => {
    const send = (text: string, options?: object) =>
      client.inboxes.messages.send(inboxOf(alice), { to: bob!.email, subject: 'Once', text }, options)
    const first = await send('one', { idempotencyKey: 'once-1' })
    expect(await send('one', { idempotencyKey: 'once-1' })).toEqual(first)
    const other = await refused(send('two', { idempotencyKey: 'once-1' }))
    expect(other).toBeInstanceOf(AgentMail.ConflictError)
    expect((await refused(send('one', { idempotencyKey: 'no spaces' }))).statusCode).toBe(400)
    await arrives(bob!, 'Once')
    expect((await client.inboxes.messages.list(inboxOf(alice), { subject: ['Once'] })).count).toBe(1)
  })

  test.each([
    ['no recipients', { text: 'x' }, 422, 'unprocessable'],
    ['no address', { to: 'nobody', text: 'x' }, 400, 'validation_error'],
    ['a header that is ours', { to: 'a@b.test', headers: { From: 'x@y.test' } }, 400, 'validation_error'],
    ['line breaks in the subject', { to: 'a@b.test', subject: 'a\r\nBcc: c@d.test' }, 400, 'validation_error'],
    ['a label of the system', { to: 'a@b.test', labels: ['unread'] }, 400, 'validation_error'],
    ['tracking without html', { to: 'a@b.test', text: 'x', trackOpens: true }, 400, 'validation_error'],
    ['tracking without a domain for it', { to: 'a@b.test', html: 'x', trackOpens: true }, 422, 'unprocessable'],
    [
      'an address that we never ask',
      { to: 'a@b.test', attachments: [{ url: 'http://127.0.0.1/x' }] },
      400,
      'url_blocked',
    ],
  ])('%s is refused', async (_case, message, statusCode, code) => {
    const error = await refused(client.inboxes.messages.send(inboxOf(alice), message))
    expect(error).toMatchObject({ statusCode, body: { code } })
  })

  test('an attachment that cannot be fetched rejects the message', async () => {
    const attachments = [{ url: 'https://nowhere.invalid/file' }]
    const error = await refused(client.inboxes.messages.send(inboxOf(alice), { to: bob!.email, attachments }))
    expect(error).toBeInstanceOf(AgentMail.MessageRejectedError)
    expect(error.body.code).toBe('message_rejected')
  })

  test('reply_all takes no recipients of its own', async () => {
    const { messageId } = await arrives(bob!, 'Plan')
    const error = await refused(
      client.inboxes.messages.reply(inboxOf(bob), messageId, { replyAll: true, to: 'a@b.test' }),
    )
    expect(error.statusCode).toBe(400)
  })
})

describe('threads', () => {
  let inbox: AgentMail.inboxes.Inbox
  let threadId: string

  beforeAll(async () => {
    inbox = await newInbox()
    await bench.mail({ to: inbox.email, subject: 'Long', messageId: '<long-0@client.test>', text: '0' })
    for (let n = 1; n < 5; n++) {
      const inReplyTo = '<long-0@client.test>'
      const attachments = n === 2 ? [{ filename: 'n.txt', content: 'n' }] : []
      await bench.mail({ to: inbox.email, messageId: `<long-${n}@client.test>`, inReplyTo, text: `${n}`, attachments })
    }
    await bench.mail({ to: inbox.email, subject: 'Short', text: 'x' })
    threadId = (await client.inboxes.threads.list(inbox.inboxId)).threads[1]!.threadId
  })

  test('are listed in an inbox, a pod and the organization', async () => {
    const { threads } = await client.inboxes.threads.list(inbox.inboxId)
    expect(threads.map((t) => t.subject)).toEqual(['Short', 'Long'])
    expect(threads[1]).toMatchObject({
      inboxId: inbox.inboxId,
      labels: ['received', 'unread'],
      senders: ['Ada Lovelace <ada@client.test>'],
      recipients: [inbox.email],
      lastMessageId: '<long-4@client.test>',
      messageCount: 5,
      attachments: [{ filename: 'n.txt' }],
      receivedTimestamp: expect.any(Date),
    })
    expect(threads[1]).not.toHaveProperty('sentTimestamp')
    const page = await client.threads.list({ limit: 1 })
    expect(page).toMatchObject({ count: 1, threads: [threads[0]] })
    expect((await client.threads.list({ limit: 1, pageToken: page.nextPageToken! })).threads).toEqual([threads[1]])
    expect((await client.pods.threads.list(inbox.podId, { subject: ['long'] })).threads).toEqual([threads[1]])
    expect((await client.threads.list({ labels: ['unread'], recipients: [inbox.email] })).count).toBe(2)
    expect((await client.threads.list({ senders: ['nobody@'] })).count).toBe(0)
  })

  test('are read page by page, from the newest message back', async () => {
    const first = await client.threads.get(threadId, { limit: 2 })
    const ids = (thread: AgentMail.Thread) => thread.messages.map((m) => m.messageId.slice(6, 7))
    expect(first).toMatchObject({ threadId, count: 2, limit: 2, messageCount: 5 })
    expect(ids(first)).toEqual(['3', '4'])
    const second = await client.pods.threads.get(inbox.podId, threadId, { limit: 2, pageToken: first.nextPageToken! })
    expect(ids(second)).toEqual(['1', '2'])
    const third = await client.inboxes.threads.get(inbox.inboxId, threadId, {
      limit: 2,
      pageToken: second.nextPageToken!,
    })
    expect(ids(third)).toEqual(['0'])
    expect(third).not.toHaveProperty('nextPageToken')
    expect(third.messages[0]).toMatchObject({ text: '0' })
  })

  test('are labelled as a whole, and deleted', async () => {
    const changed = await client.threads.update(threadId, { addLabels: ['x', 'y'], removeLabels: ['y'] })
    expect(changed).toEqual({ threadId, labels: ['received', 'unread', 'x'] })
    const { messages } = await client.inboxes.messages.list(inbox.inboxId, { labels: ['x'] })
    expect(messages).toHaveLength(5)
    expect((await client.inboxes.threads.list(inbox.inboxId, { labels: ['x'] })).count).toBe(1)
    expect((await client.threads.list({ labels: ['x'] })).count).toBe(1)
    expect((await refused(client.threads.update(threadId, { addLabels: ['trash'] }))).statusCode).toBe(400)
    await client.threads.delete(threadId)
    expect((await refused(client.threads.get(threadId))).statusCode).toBe(404)
    expect((await client.inboxes.threads.list(inbox.inboxId)).count).toBe(1)
  })
})

test('an inbox tells what became of its labels', async () => {
  const { inboxId } = await newInbox()
  await bench.mail({ to: inboxId, subject: 'Labelled' })
  const [message] = (await client.inboxes.messages.list(inboxId)).messages
  await client.inboxes.messages.update(inboxId, message!.messageId, { addLabels: ['done'], removeLabels: ['unread'] })
  const { events } = await client.inboxes.events.list(inboxId)
  expect(events).toMatchObject([
    { eventType: 'label.removed', label: 'unread', messageId: message!.messageId, inboxId },
    { eventType: 'label.added', label: 'done', eventAt: expect.any(Date) },
  ])
})

test('the organization tells what it has', async () => {
  const organization = await client.organizations.get()
  expect(organization).toMatchObject({ organizationId: expect.stringMatching(/^org_/), domainCount: 0 })
  expect(organization.inboxCount).toBeGreaterThan(3)
})

test('a base URL that ends in /api works too', async () => {
  const { AgentMailClient } = await import('agentmail')
  const other = new AgentMailClient({ apiKey: bench.key, baseUrl: `${bench.server.url}/api` })
  expect((await other.inboxes.list({ limit: 1 })).count).toBe(1)
})

// The server hands out links under its public name; here it is asked at the port that it chose.
function atServer(url: string): string {
  return bench.server.url + new URL(url).pathname
}
