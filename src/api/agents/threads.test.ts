import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'

let t: TestApp
let inbox: { inbox_id: string; email_address: string }
let serial = 0

beforeAll(async () => {
  t = await testApp()
})
afterAll(() => t[Symbol.asyncDispose]())
beforeEach(async () => {
  inbox = (await t.call('POST', '/api/v0/inboxes', { body: { username: `t-${++serial}`, display_name: 'Box' } })).body
})

const path = (rest = '') => `/api/v0/inboxes/${inbox.inbox_id}${rest}`
const get = async (rest: string) => (await t.call('GET', path(rest))).body
const mail = (raw: string) => t.mail(inbox.email_address, raw)

test('a thread is listed and shown with everything its messages say', async () => {
  await mail('From: Ada <ada@example.com>\nTo: list@example.com\nSubject: Plans\nMessage-ID: <p1@x>\n\nHello')
  const { data } = await get('/messages')
  await t.call('PATCH', path(`/messages/${data[0].message_id}`), { body: { labels: ['z', 'a'] } })
  const reply = await t.call('POST', path(`/messages/${data[0].message_id}/reply`), {
    body: { text: 'Thanks', cc: 'carol@example.com', bcc: 'hidden@example.com', labels: ['m'] },
  })
  expect(reply.body.thread_id).toBe(data[0].thread_id)
  const messages = (await get('/messages')).data
  const item = {
    inbox_id: inbox.inbox_id,
    thread_id: data[0].thread_id,
    labels: ['a', 'm', 'z'],
    timestamp: messages[0].timestamp,
    received_timestamp: messages[1].timestamp,
    sent_timestamp: messages[0].timestamp,
    senders: ['Ada <ada@example.com>', `Box <${inbox.email_address}>`],
    recipients: ['list@example.com', 'Ada <ada@example.com>', 'carol@example.com'],
    subject: 'Plans',
    preview: 'Thanks',
    last_message_id: reply.body.message_id,
    message_count: 2,
    size: messages[0].size + messages[1].size,
  }
  expect(await get('/threads')).toEqual({ data: [item], total: 1, page: 1, page_size: 20 })
  const full = await get(`/threads/${item.thread_id}`)
  const whole = await Promise.all([messages[1], messages[0]].map((m) => get(`/messages/${m.message_id}`)))
  expect(full).toEqual({ ...item, messages: whole })
})

test('a mail joins the thread of its In-Reply-To, else of its nearest reference, never that of its subject', async () => {
  await mail('Subject: Invoice\nMessage-ID: <one@x>\n\n1')
  await mail('Subject: Invoice\nMessage-ID: <two@x>\n\n2')
  await mail('Subject: Re: Invoice\nIn-Reply-To: <one@x>\nReferences: <two@x>\n\n3')
  await mail('Subject: Re: Invoice\nReferences: <one@x> <two@x> <unknown@x>\n\n4')
  const { data } = await get('/threads')
  expect(data.map((d: { message_count: number }) => d.message_count)).toEqual([2, 2])
  const texts = await Promise.all(data.map((d: { thread_id: string }) => get(`/threads/${d.thread_id}`)))
  const words = texts.map((x) => x.messages.map((m: { text: string }) => m.text.trim()))
  expect(words).toEqual([
    ['2', '4'],
    ['1', '3'],
  ])
})

test('threads come by latest activity, in pages, and can be filtered', async () => {
  await mail('From: ada@example.com\nSubject: Old\nMessage-ID: <old@x>\n\n1')
  await mail('From: bob@example.com\nSubject: New\n\n2')
  const [fresh, old] = (await get('/threads')).data
  expect([fresh.subject, old.subject]).toEqual(['New', 'Old'])
  await mail('From: ada@example.com\nSubject: Re: Old\nIn-Reply-To: <old@x>\n\n3')
  const subjects = async (query: string) =>
    (await get(`/threads?${query}`)).data.map((d: { subject: string }) => d.subject)
  expect(await subjects('')).toEqual(['Old', 'New'])
  expect(await subjects('page=2&page_size=1')).toEqual(['New'])
  expect(await subjects('from=BOB')).toEqual(['New'])
  expect(await subjects('subject=ol')).toEqual(['Old'])
  expect(await subjects('labels=none')).toEqual([])
  expect(await subjects(`after=${fresh.timestamp}`)).toEqual(['Old'])
  expect(await subjects(`before=${fresh.timestamp}`)).toEqual([])
  expect((await t.call('GET', path('/threads?include_spam=maybe'))).status).toBe(400)
})

test('hidden messages leave their thread, and a thread of hidden ones leaves the list', async () => {
  await mail('Subject: A\nMessage-ID: <a@x>\n\n1')
  await mail('Subject: Re: A\nIn-Reply-To: <a@x>\n\n2')
  const [second, first] = (await get('/messages')).data
  const hide = (id: string) => t.call('PATCH', path(`/messages/${id}`), { body: { labels: ['trash'] } })
  await hide(second.message_id)
  expect((await get('/threads')).data).toMatchObject([{ message_count: 1, last_message_id: first.message_id }])
  expect((await get(`/threads/${first.thread_id}`)).messages).toHaveLength(1)
  await hide(first.message_id)
  expect((await get('/threads')).total).toBe(0)
  expect((await get('/threads?include_trash=true')).total).toBe(1)
  expect((await get(`/threads/${first.thread_id}`)).messages).toHaveLength(2)
  const body = { name: 'x', permissions: { message_read: true } }
  const { key } = (await t.call('POST', '/api/v0/api-keys', { body })).body
  expect((await t.call('GET', path(`/threads/${first.thread_id}`), { key })).status).toBe(404)
  expect((await t.call('GET', path('/threads?include_trash=true'), { key })).status).toBe(403)
})

test('a deleted thread takes its messages along, and a late reply opens a new one', async () => {
  await mail('Subject: A\nMessage-ID: <gone@x>\n\n1')
  const [item] = (await get('/messages')).data
  const { key } = (await t.call('POST', '/api/v0/api-keys', { body: { name: 'r', scopes: ['read'] } })).body
  expect((await t.call('DELETE', path(`/threads/${item.thread_id}`), { key })).status).toBe(403)
  expect(await t.call('DELETE', path(`/threads/${item.thread_id}`))).toMatchObject({ status: 204, body: '' })
  expect((await t.call('DELETE', path(`/threads/${item.thread_id}`))).status).toBe(404)
  expect((await t.call('GET', path(`/threads/${item.thread_id}`))).status).toBe(404)
  expect((await t.call('GET', path(`/messages/${item.message_id}`))).status).toBe(404)
  expect((await get('/messages')).total).toBe(0)
  await mail('Subject: Re: A\nIn-Reply-To: <gone@x>\n\n2')
  expect((await get('/threads')).data).toMatchObject([{ message_count: 1 }])
  expect((await get('/threads')).data[0].thread_id).not.toBe(item.thread_id)
})

test('a thread that is too large for one answer has its small messages whole, and says which are left out', async () => {
  const large = (id: string) =>
    mail(`Message-ID: <${id}@x>\nReferences: <small@x>\nSubject: S\n\n${'word '.repeat(1_000_000)}`)
  await mail('Message-ID: <small@x>\nSubject: S\n\nHello')
  for (const id of ['l1', 'l2', 'l3', 'l4']) await large(id)
  await mail('Message-ID: <last@x>\nReferences: <small@x>\nSubject: S\n\nBye')
  const [{ thread_id }] = (await get('/threads')).data
  const { messages } = await get(`/threads/${thread_id}`)
  expect(messages).toHaveLength(6)
  const leftOut = messages.filter((m: { defects: { code: string }[] }) => m.defects.some((d) => d.code === 'left-out'))
  expect(leftOut.length).toBeGreaterThan(0)
  expect(leftOut.length).toBeLessThan(4)
  expect(messages[0].text.trim()).toBe('Hello')
  expect(messages[5].text.trim()).toBe('Bye')
  const alone = await get(`/messages/${leftOut[0].message_id}`)
  expect([alone.text.length > 4_000_000, alone.defects]).toEqual([true, []])
})
