import { AgentMail, type AgentMailClient } from 'agentmail'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { agentmail, bearer, refusalOf } from '../../../../test/support/agentmail.ts'
import { type TestApp, testApp } from '../../../../test/support/app.ts'

let t: TestApp
let client: AgentMailClient
let inbox: AgentMail.inboxes.Inbox

beforeAll(async () => {
  t = await testApp()
  client = agentmail(t)
})
afterAll(() => t[Symbol.asyncDispose]())
beforeEach(async () => {
  t.clock.advance(10)
  inbox = await client.inboxes.create({})
})

const plain: AgentMail.CreateDraftRequest = { to: ['Ada <ada@client.test>'], subject: 'Notes', text: 'It weaves.' }
const create = (fields: AgentMail.CreateDraftRequest = {}, by = client) =>
  by.inboxes.drafts.create(inbox.inboxId, { ...plain, ...fields })
const get = ({ draftId }: AgentMail.Draft) => client.inboxes.drafts.get(inbox.inboxId, draftId)
const update = (draft: AgentMail.Draft, change: AgentMail.UpdateDraftRequest, by = client) =>
  by.inboxes.drafts.update(inbox.inboxId, draft.draftId, change)
const send = (draft: AgentMail.Draft, by = client, options = {}) =>
  by.inboxes.drafts.send(inbox.inboxId, draft.draftId, {}, options)
const sent = async () => (await client.inboxes.messages.list(inbox.inboxId, { labels: ['sent'] })).messages
const path = (rest = '') => `/v0/inboxes/${inbox.inboxId}/drafts${rest}`
const base64 = (text: string) => Buffer.from(text).toString('base64')
const soon = (ms = 60_000) => new Date(t.clock.now() + ms)

/** A client whose key may do only this. */
async function holderOf(permissions: AgentMail.ApiKeyPermissions): Promise<AgentMailClient> {
  return agentmail(t, (await bearer(client.apiKeys.create({ name: 'confined', permissions }))).apiKey)
}

/** Has a mail come in; answers its message_id. */
async function receive(subject = 'Plans'): Promise<string> {
  const id = `<${subject}-${t.clock.now()}@client.test>`
  const attached = `--b\nContent-Type: text/csv; name=plan.csv\nContent-Disposition: attachment\n\na,b\n--b--\n`
  const head = `From: Ada <ada@client.test>\nTo: ${inbox.email}, eve@client.test\nSubject: ${subject}\nMessage-ID: ${id}`
  const type = 'Content-Type: multipart/mixed; boundary=b'
  await t.mail(inbox.email, `${head}\n${type}\n\n--b\nContent-Type: text/plain\n\nShall we?\n${attached}`)
  return id
}

describe('a draft', () => {
  test('is made, read, changed, listed, sent and gone', async () => {
    const draft = await create({
      cc: ['cc@client.test'],
      bcc: ['bcc@client.test'],
      replyTo: ['Desk <desk@client.test>'],
      html: '<p>It weaves.</p>',
      labels: ['engine'],
      clientId: 'one.1',
      attachments: [{ filename: 'a.txt', content: base64('one'), contentType: 'text/plain' }],
    })
    expect(draft).toEqual({
      inboxId: inbox.inboxId,
      draftId: expect.stringMatching(/^dft_/),
      clientId: 'one.1',
      labels: ['engine'],
      to: ['Ada <ada@client.test>'],
      cc: ['cc@client.test'],
      bcc: ['bcc@client.test'],
      replyTo: ['Desk <desk@client.test>'],
      subject: 'Notes',
      preview: 'It weaves.',
      text: 'It weaves.',
      html: '<p>It weaves.</p>',
      attachments: [
        {
          attachmentId: expect.stringMatching(/^att_/),
          filename: 'a.txt',
          size: 3,
          contentType: 'text/plain',
          contentDisposition: 'attachment',
        },
      ],
      createdAt: expect.any(Date),
      updatedAt: expect.any(Date),
    })
    expect(await get(draft)).toEqual(draft)
    const { text: _t, html: _h, replyTo: _r, clientId: _i, createdAt: _c, ...item } = draft
    expect(await client.inboxes.drafts.list(inbox.inboxId)).toEqual({ count: 1, limit: 20, drafts: [item] })
    const changed = await update(draft, { cc: [], bcc: null, html: null, subject: 'New', addLabels: ['b'] })
    expect(changed).toMatchObject({ subject: 'New', labels: ['engine', 'b'], text: 'It weaves.' })
    for (const gone of ['cc', 'bcc', 'html', 'sendAt', 'sendStatus']) expect(changed).not.toHaveProperty(gone)
    const answer = await client.inboxes.drafts.send(inbox.inboxId, draft.draftId, {
      addLabels: 'c',
      removeLabels: ['b'],
    })
    expect(answer).toEqual({ messageId: expect.stringMatching(/^<.+@.+>$/), threadId: expect.stringMatching(/^thr_/) })
    const message = await client.inboxes.messages.get(inbox.inboxId, answer.messageId)
    expect(message).toMatchObject({ subject: 'New', labels: ['sent', 'engine', 'c'], text: 'It weaves.' })
    expect(message.attachments).toHaveLength(1)
    expect(await refusalOf(get(draft))).toEqual({ status: 404, code: 'not_found' })
    await expect(Promise.resolve(send(draft))).rejects.toBeInstanceOf(AgentMail.NotFoundError)
  })

  test('has no field for what it lacks, and may lack everything', async () => {
    const { status, body } = await t.call('POST', path(), { body: {} })
    expect(status).toBe(200)
    expect(Object.keys(body).sort()).toEqual(['created_at', 'draft_id', 'inbox_id', 'labels', 'updated_at'])
    expect((await t.call('POST', path(`/${body.draft_id}/send`))).status).toBe(422)
    expect(await t.call('PATCH', path(`/${body.draft_id}`), { body: { to: 'a@client.test' } })).toMatchObject({
      status: 200,
      body: { to: ['a@client.test'] },
    })
    expect((await t.call('POST', path(`/${body.draft_id}/send`))).status).toBe(200)
  })

  test('is made once under a client_id, whatever else is asked for', async () => {
    const first = await create({ clientId: 'same' })
    expect(await create({ clientId: 'same', subject: 'Other' })).toEqual(first)
    expect((await client.inboxes.drafts.list(inbox.inboxId)).count).toBe(1)
  })

  test('can be deleted', async () => {
    const draft = await create()
    await client.inboxes.drafts.delete(inbox.inboxId, draft.draftId)
    expect(await refusalOf(get(draft))).toEqual({ status: 404, code: 'not_found' })
  })

  test('has files that come and go, and can be fetched without a key', async () => {
    t.files.set('https://files.test/b.csv', { content: Buffer.from('a,b'), filename: 'b.csv' } as never)
    const draft = await create({ attachments: [{ filename: 'a.txt', content: base64('one') }] })
    const [first] = draft.attachments ?? []
    const changed = await update(draft, {
      addAttachments: [{ url: 'https://files.test/b.csv' }],
      removeAttachments: [first!.attachmentId],
    })
    const [file, ...more] = changed.attachments ?? []
    expect(more).toEqual([])
    const link = await client.inboxes.drafts.getAttachment(inbox.inboxId, draft.draftId, file!.attachmentId)
    expect(link).toMatchObject({ filename: 'b.csv', size: 3, downloadUrl: expect.any(String) })
    expect(await (await t.fetch(new URL(link.downloadUrl).pathname)).text()).toBe('a,b')
    const gone = client.inboxes.drafts.getAttachment(inbox.inboxId, draft.draftId, first!.attachmentId)
    expect(await refusalOf(gone)).toEqual({ status: 404, code: 'not_found' })
    const again = update(draft, { removeAttachments: [first!.attachmentId] })
    expect(await refusalOf(again)).toEqual({ status: 404, code: 'not_found' })
    await client.inboxes.drafts.delete(inbox.inboxId, draft.draftId)
    expect((await t.fetch(new URL(link.downloadUrl).pathname)).status).toBe(404)
  })
})

describe('about a message', () => {
  test('a reply has its recipients, subject and thread', async () => {
    const id = await receive()
    const draft = await client.inboxes.drafts.create(inbox.inboxId, { inReplyTo: id, text: 'Yes' })
    expect(draft).toMatchObject({
      to: ['Ada <ada@client.test>'],
      subject: 'Re: Plans',
      inReplyTo: id,
      references: [id],
    })
    const { threadId } = await send(draft)
    expect((await client.inboxes.messages.get(inbox.inboxId, id)).threadId).toBe(threadId)
    const all = await client.inboxes.drafts.create(inbox.inboxId, { inReplyTo: id, replyAll: true })
    expect(all.to).toEqual(['Ada <ada@client.test>', 'eve@client.test'])
  })

  test('a forward takes its words and files along when it is sent', async () => {
    const id = await receive()
    const draft = await client.inboxes.drafts.create(inbox.inboxId, {
      forwardOf: id,
      to: ['x@client.test'],
      text: 'See',
    })
    expect(draft).toMatchObject({ subject: 'Fwd: Plans', forwardOf: id, text: 'See' })
    expect(draft).not.toHaveProperty('attachments')
    const message = await client.inboxes.messages.get(inbox.inboxId, (await send(draft)).messageId)
    expect(message.text).toMatch(/^See.*Shall we\?/s)
    expect(message.attachments).toMatchObject([{ filename: 'plan.csv' }])
  })

  test('its kind cannot be changed', async () => {
    const draft = await create({ inReplyTo: await receive() })
    const { body } = await t.call('PATCH', path(`/${draft.draftId}`), { body: { in_reply_to: null, forward_of: 'x' } })
    expect(body).toMatchObject({ in_reply_to: draft.inReplyTo })
    expect(body).not.toHaveProperty('forward_of')
  })

  test.each([
    [{ in_reply_to: 'ID', forward_of: 'ID' }, 'forward_of'],
    [{ in_reply_to: 'ID', reply_all: true, to: ['a@client.test'] }, 'reply_all'],
    [{ in_reply_to: 'ID', reply_all: true, bcc: 'a@client.test' }, 'reply_all'],
  ])('%j is refused', async (fields, field) => {
    const id = await receive()
    const body = JSON.parse(JSON.stringify(fields).replaceAll('ID', id))
    expect(await t.call('POST', path(), { body })).toMatchObject({ status: 400, body: { errors: [{ path: [field] }] } })
  })

  test('that does not exist, or is in another inbox, there is none', async () => {
    const id = await receive()
    inbox = await client.inboxes.create({})
    expect(await refusalOf(create({ inReplyTo: id }))).toEqual({ status: 404, code: 'not_found' })
    expect(await refusalOf(create({ forwardOf: '<nothing@client.test>' }))).toEqual({ status: 404, code: 'not_found' })
  })
})

describe('a time to be sent', () => {
  test('is kept, and told by label and status', async () => {
    const sendAt = soon()
    const draft = await create({ sendAt, labels: ['x'] })
    expect(draft).toMatchObject({ sendAt, sendStatus: 'scheduled', labels: ['scheduled', 'x'] })
    const list = async (labels: string[]) => (await client.inboxes.drafts.list(inbox.inboxId, { labels })).count
    await create({ labels: ['x'] })
    expect([await list(['scheduled']), await list(['x']), await list(['scheduled', 'y'])]).toEqual([1, 2, 0])
    t.clock.advance(60_000)
    await t.work()
    expect(await sent()).toMatchObject([{ labels: ['sent', 'x'] }])
    expect(await list(['scheduled'])).toBe(0)
  })

  test('can be moved and taken away', async () => {
    const draft = await create({ sendAt: soon() })
    const later = soon(3_600_000)
    expect(await update(draft, { sendAt: later })).toMatchObject({ sendAt: later })
    const stopped = await update(draft, { sendAt: null })
    expect(stopped).not.toHaveProperty('sendAt')
    expect(stopped).not.toHaveProperty('sendStatus')
    expect(stopped.labels).toEqual([])
    t.clock.advance(4_000_000)
    await t.work()
    expect(await sent()).toEqual([])
  })

  test.each(['2020-01-01T00:00:00Z', 'tomorrow', '2020-01-01', 5])('%j is refused', async (send_at) => {
    const refusal = { status: 400, body: { code: 'validation_error', errors: [{ path: ['send_at'] }] } }
    expect(await t.call('POST', path(), { body: { send_at } })).toMatchObject(refusal)
    const draft = await create()
    expect(await t.call('PATCH', path(`/${draft.draftId}`), { body: { send_at } })).toMatchObject(refusal)
  })

  test('that fails says so, and why', async () => {
    const draft = await create({ to: [], sendAt: soon() })
    t.clock.advance(60_000)
    await t.work()
    const failed = await get(draft)
    expect(failed).toMatchObject({ sendStatus: 'failed', labels: [], failure: 'This draft has no recipients' })
    const again = await update(draft, { to: ['a@client.test'], sendAt: soon() })
    expect(again).toMatchObject({ sendStatus: 'scheduled' })
    expect(again).not.toHaveProperty('failure')
    t.clock.advance(60_000)
    await t.work()
    expect(await sent()).toHaveLength(1)
  })

  test('while it is being sent is over: changes, deletion and sends are conflicts', async () => {
    const draft = await create({ sendAt: soon() })
    const put = t.app.blobs.put.bind(t.app.blobs)
    const statuses: (number | undefined)[] = []
    t.app.blobs.put = async (key, bytes) => {
      t.app.blobs.put = put
      expect(await get(draft)).toMatchObject({ sendStatus: 'sending', labels: ['scheduled'] })
      await expect(Promise.resolve(update(draft, { text: 'x' }))).rejects.toBeInstanceOf(AgentMail.ConflictError)
      await expect(Promise.resolve(send(draft))).rejects.toBeInstanceOf(AgentMail.ConflictError)
      const removed = client.inboxes.drafts.delete(inbox.inboxId, draft.draftId)
      statuses.push((await refusalOf(removed)).status)
      await put(key, bytes)
    }
    t.clock.advance(60_000)
    await t.work()
    expect(statuses).toEqual([409])
    expect(await sent()).toHaveLength(1)
  })
})

describe('approval', () => {
  const agentOf = () =>
    holderOf({ draftCreate: true, draftRead: true, draftUpdate: true, draftDelete: true, messageRead: true })

  test('a key that may only draft can neither send nor schedule; another key sends, once', async () => {
    const agent = await agentOf()
    const draft = await create({}, agent)
    const refused = { status: 403, code: 'missing_permission' }
    expect(await refusalOf(send(draft, agent))).toEqual(refused)
    expect(await refusalOf(update(draft, { sendAt: soon() }, agent))).toEqual(refused)
    expect(await refusalOf(create({ sendAt: soon() }, agent))).toEqual(refused)
    const direct = agent.inboxes.messages.send(inbox.inboxId, { to: 'a@client.test', text: 'x' })
    expect(await refusalOf(direct)).toEqual(refused)
    const answers = await Promise.allSettled(Array.from({ length: 5 }, () => send(draft)))
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await sent()).toHaveLength(1)
  })

  test('for later cannot be given other words by a key that may only draft', async () => {
    const agent = await agentOf()
    const draft = await create({}, agent)
    await update(draft, { sendAt: soon() })
    expect(await refusalOf(update(draft, { text: 'Send money' }, agent))).toMatchObject({ status: 403 })
    expect(await update(draft, { sendAt: null, text: 'Send money' }, agent)).not.toHaveProperty('sendAt')
  })

  test('is of what was read', async () => {
    const [agent, draft] = [await agentOf(), await create()]
    await update(draft, { text: 'Send money' }, agent)
    const readAt = (at: Date) => ({ headers: { 'If-Match': `"${at.toISOString()}"` } })
    expect(await refusalOf(send(draft, client, readAt(draft.updatedAt)))).toEqual({ status: 409, code: 'conflict' })
    expect((await t.call('POST', path(`/${draft.draftId}/send`), { headers: { 'if-match': 'x' } })).status).toBe(400)
    const read = await get(draft)
    await send(draft, client, readAt(read.updatedAt))
  })

  test('sent again with the same idempotency key has the first answer', async () => {
    const draft = await create()
    const first = await send(draft, client, { idempotencyKey: `once-${draft.draftId}` })
    expect(await send(draft, client, { idempotencyKey: `once-${draft.draftId}` })).toEqual(first)
    expect(await sent()).toHaveLength(1)
    const other = send(await create(), client, { idempotencyKey: `once-${draft.draftId}` })
    expect(await refusalOf(other)).toEqual({ status: 409, code: 'conflict' })
    expect((await t.call('POST', path('/x/send'), { headers: { 'idempotency-key': 'ä' } })).status).toBe(400)
  })

  test('that nobody heard the answer of is answered again, without a key', async () => {
    const draft = await create()
    const leaving = new AbortController()
    const ask = async (signal: AbortSignal | null) => {
      const headers = { authorization: `Bearer ${t.key}` }
      const answer = await t.fetch(path(`/${draft.draftId}/send`), { method: 'POST', headers, signal })
      return { status: answer.status, body: await answer.json() }
    }
    const first = await ask(leaving.signal)
    leaving.abort()
    expect(await ask(null)).toEqual(first)
    expect(await sent()).toHaveLength(1)
  })

  test('of a recipient that a list blocks is refused with the entry, and one that waits fails with it', async () => {
    const direct = await create({ to: ['ada@blocked.test'] })
    const waiting = await create({ to: ['eve@blocked.test'], sendAt: soon() })
    const mailbox = (await t.app.store.read.mailboxes.byAddress(inbox.email))!
    const place = { orgId: mailbox.orgId, projectId: mailbox.projectId, mailboxId: mailbox.id }
    const entry = { direction: 'send', type: 'block', entry: 'blocked.test', reason: null } as const
    await t.app.store.run('lists.add', { ...place, ...entry })
    await expect(Promise.resolve(send(direct))).rejects.toBeInstanceOf(AgentMail.MessageRejectedError)
    t.clock.advance(60_000)
    await t.work()
    expect(await get(waiting)).toMatchObject({ sendStatus: 'failed', failure: expect.stringContaining('blocked.test') })
  })

  test('of a recipient that is suppressed is refused, and the draft stays', async () => {
    const draft = await create({ to: ['gone@client.test'] })
    const mailbox = await t.app.store.read.mailboxes.byAddress(inbox.email)
    const suppressed = { address: 'gone@client.test', reason: 'manual' as const, deliveryId: null }
    await t.app.store.run('suppressions.add', { orgId: mailbox!.orgId, ...suppressed })
    await expect(Promise.resolve(send(draft))).rejects.toBeInstanceOf(AgentMail.MessageRejectedError)
    expect(await get(draft)).toEqual(draft)
  })
})

describe('lists', () => {
  test('go from page to page in order of the last change, in every scope', async () => {
    const pod = await client.pods.create({})
    inbox = await client.pods.inboxes.create(pod.podId, {})
    const other = await client.pods.inboxes.create(pod.podId, {})
    const made = []
    for (let i = 0; i < 5; i++) {
      t.clock.advance(1)
      made.push(await create({ subject: `${i}` }))
    }
    t.clock.advance(1)
    await update(made[1]!, { text: 'touched' })
    const walk = async (list: (query: object) => PromiseLike<AgentMail.ListDraftsResponse>, query = {}) => {
      const seen: (string | undefined)[] = []
      let pageToken: string | undefined
      do {
        const page = await list({ limit: 2, pageToken, ...query })
        seen.push(...page.drafts.map((d) => d.subject))
        pageToken = page.nextPageToken
      } while (pageToken)
      return seen.join('')
    }
    const ofInbox = (query: object) => client.inboxes.drafts.list(inbox.inboxId, query)
    const ofPod = (query: object) => client.pods.drafts.list(pod.podId, query)
    expect(await walk(ofInbox)).toBe('14320')
    expect(await walk(ofInbox, { ascending: true })).toBe('02341')
    expect(await walk(ofPod)).toBe('14320')
    expect((await walk((query) => client.drafts.list(query))).slice(0, 5)).toBe('14320')
    expect(await walk((query) => client.inboxes.drafts.list(other.inboxId, query))).toBe('')
    const [, , third, fourth] = made
    expect(await walk(ofInbox, { before: fourth!.updatedAt })).toBe('20')
    expect(await walk(ofInbox, { after: third!.updatedAt })).toBe('143')
    const { draftId } = made[0]!
    expect(await client.drafts.get(draftId)).toEqual(made[0])
    expect(await client.pods.drafts.get(pod.podId, draftId)).toEqual(made[0])
    const elsewhere = client.inboxes.drafts.get(other.inboxId, draftId)
    expect(await refusalOf(elsewhere)).toEqual({ status: 404, code: 'not_found' })
    const otherPod = await client.pods.create({})
    expect(await refusalOf(client.pods.drafts.get(otherPod.podId, draftId))).toMatchObject({ status: 404 })
  })

  test.each(['limit=0', 'limit=101', 'limit=x', 'page_token=x', 'before=x'])('refuse %s', async (query) => {
    expect((await t.call('GET', path(`?${query}`))).status).toBe(400)
  })

  test('have files of drafts in every scope', async () => {
    const draft = await create({ attachments: [{ filename: 'a.txt', content: base64('one') }] })
    const { attachmentId } = draft.attachments![0]!
    const links = [
      await client.drafts.getAttachment(draft.draftId, attachmentId),
      await client.pods.drafts.getAttachment(inbox.podId, draft.draftId, attachmentId),
    ]
    for (const link of links) expect(link).toMatchObject({ filename: 'a.txt', size: 3 })
  })
})

describe('nobody else', () => {
  const calls: [string, string, object?][] = [
    ['GET', ''],
    ['PATCH', '', { text: 'x' }],
    ['DELETE', ''],
    ['POST', '/send', {}],
  ]

  test.each(calls)('finds a draft of another organization: %s%s', async (method, rest, body) => {
    const draft = await create({ attachments: [{ filename: 'a.txt', content: base64('one') }] })
    const key = await t.organization()
    const own = (await agentmail(t, key).inboxes.create({})).inboxId
    const places = [path(`/${draft.draftId}${rest}`), `/v0/inboxes/${own}/drafts/${draft.draftId}${rest}`]
    if (method === 'GET') {
      const file = draft.attachments![0]!.attachmentId
      places.push(path(), `/v0/drafts/${draft.draftId}`, `/v0/drafts/${draft.draftId}/attachments/${file}`)
      expect((await t.call('GET', '/v0/drafts', { key })).body).toMatchObject({ count: 0, drafts: [] })
    }
    for (const place of places) expect((await t.call(method, place, { key, body })).status).toBe(404)
    expect(await get(draft)).toEqual(draft)
  })

  test.each(calls)('finds a draft of another inbox of their organization: %s%s', async (method, rest, body) => {
    const draft = await create()
    const own = await client.inboxes.create({})
    const key = (await bearer(client.inboxes.apiKeys.create(own.inboxId, { name: 'own' }))).apiKey
    const places = [path(`/${draft.draftId}${rest}`), `/v0/inboxes/${own.inboxId}/drafts/${draft.draftId}${rest}`]
    for (const place of places) expect((await t.call(method, place, { key, body })).status).toBe(404)
    expect((await t.call('GET', '/v0/drafts', { key })).body.count).toBe(0)
  })

  test.each([
    ['GET', '', undefined, 'draft_read'],
    ['GET', '/ID', undefined, 'draft_read'],
    ['POST', '', {}, 'draft_create'],
    ['PATCH', '/ID', {}, 'draft_update'],
    ['DELETE', '/ID', undefined, 'draft_delete'],
    ['POST', '/ID/send', {}, 'draft_send'],
  ] as [string, string, object | undefined, string][])(
    'may %s %s without the permission',
    async (method, rest, body, needed) => {
      const draft = await create()
      const permissions = { inboxRead: true, messageSend: true, messageRead: true }
      const { apiKey } = await bearer(client.apiKeys.create({ name: 'confined', permissions }))
      const place = path(rest.replace('ID', draft.draftId))
      const answer = await t.call(method, place, { key: apiKey, body })
      expect(answer).toMatchObject({ status: 403, body: { code: 'missing_permission' } })
      expect(JSON.stringify(answer.body)).toContain(needed)
    },
  )
})

describe('what could forge a header field is refused:', () => {
  const crlf = 'a\r\nBcc: evil@client.test'
  test.each([
    ['to', { to: [`${crlf} <a@client.test>`] }],
    ['cc', { cc: [`a@client.test${crlf}`] }],
    ['reply_to', { reply_to: crlf }],
    ['subject', { subject: crlf }],
    ['attachments', { attachments: [{ filename: crlf, content: 'eA==' }] }],
    ['attachments', { attachments: [{ content_type: crlf, content: 'eA==' }] }],
    ['attachments', { attachments: [{ content_id: crlf, content: 'eA==' }] }],
    ['labels', { labels: [crlf] }],
    ['client_id', { client_id: crlf }],
  ])('%s', async (field, fields) => {
    const refusal = { status: 400, body: { code: 'validation_error', errors: [{ path: [field] }] } }
    const { body, status } = await t.call('POST', path(), { body: fields })
    expect({ status, first: body.errors[0].path[0] }).toEqual({ status: refusal.status, first: field })
  })

  test.each(['sent', 'scheduled', 'unread'])('and a label that is of the system: %s', async (label) => {
    expect((await t.call('POST', path(), { body: { labels: [label] } })).status).toBe(400)
    const draft = await create()
    expect((await t.call('PATCH', path(`/${draft.draftId}`), { body: { add_labels: [label] } })).status).toBe(400)
    expect((await t.call('POST', path(`/${draft.draftId}/send`), { body: { add_labels: label } })).status).toBe(400)
  })
})
