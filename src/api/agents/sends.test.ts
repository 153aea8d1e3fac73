import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readBack } from '../../../test/read-back.ts'
import { type TestApp, testApp } from '../../../test/support/app.ts'
import { Failure } from '../../core/errors.ts'

let t: TestApp
let inbox: { inbox_id: string; email_address: string }
let serial = 0

beforeAll(async () => {
  t = await testApp()
})
afterAll(() => t[Symbol.asyncDispose]())
beforeEach(async () => {
  inbox = (await t.call('POST', '/api/v0/inboxes', { body: { username: `s-${++serial}`, display_name: 'Box, Jr.' } }))
    .body
})

const path = (rest = '') => `/api/v0/inboxes/${inbox.inbox_id}/messages${rest}`
const get = async (rest = '') => (await t.call('GET', path(rest))).body
const send = (body: object) => t.call('POST', path('/send'), { body })
const total = async () => (await get('?include_spam=true&include_trash=true')).total

async function raw(id: string) {
  const answer = await t.fetch(path(`/${id}/eml`), { headers: { authorization: `Bearer ${t.key}` } })
  return Buffer.from(await answer.arrayBuffer())
}

describe('a sent message', () => {
  test('is answered with its ids and shown as it was asked for', async () => {
    const sent = await send({
      to: 'Ada <ada@example.com>',
      cc: ['cc@example.com'],
      bcc: 'hidden@example.com',
      reply_to: ['reply@example.com'],
      subject: 'Grüße',
      text: 'Hello',
      html: '<p>Hello</p>',
      labels: ['important'],
      headers: { 'X-Custom': 'value' },
      attachments: [{ filename: 'ä.txt', content: 'SGVs\r\nbG8=', content_disposition: 'inline', content_id: 'c1' }],
    })
    expect(sent).toMatchObject({ status: 200 })
    expect(sent.body).toEqual({
      message_id: expect.stringMatching(/^msg_[0-9a-z]{26}$/),
      thread_id: expect.stringMatching(/^thr_[0-9a-z]{26}$/),
    })
    const full = await get(`/${sent.body.message_id}`)
    expect(full).toEqual({
      inbox_id: inbox.inbox_id,
      ...sent.body,
      direction: 'outbound',
      labels: ['important'],
      timestamp: expect.any(String),
      from: `"Box, Jr." <${inbox.email_address}>`,
      reply_to: ['reply@example.com'],
      to: ['Ada <ada@example.com>'],
      cc: ['cc@example.com'],
      bcc: ['hidden@example.com'],
      subject: 'Grüße',
      preview: 'Hello',
      text: 'Hello',
      html: '<p>Hello</p>',
      extracted_text: 'Hello',
      extracted_html: expect.anything(),
      codes: [],
      links: [],
      risk: null,
      in_reply_to: null,
      references: null,
      rfc_message_id: expect.stringMatching(/^<[^<>@\s]+@posthouse\.test>$/),
      headers: { 'X-Custom': 'value' },
      size: (await raw(sent.body.message_id)).length,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      attachments: [
        {
          attachment_id: expect.stringMatching(/^att_/),
          filename: 'ä.txt',
          size: 5,
          content_type: 'text/plain',
          content_disposition: 'inline',
          content_id: expect.stringContaining('c1'),
          sha256: expect.any(String),
        },
      ],
      status: 'queued',
      envelope: null,
      authentication: null,
      defects: [],
      created_at: expect.any(String),
      updated_at: expect.any(String),
    })
    const mail = await raw(sent.body.message_id)
    expect(mail.includes('hidden@example.com')).toBe(false)
    expect(mail.toString('latin1').replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
    expect(readBack(mail).header('subject')).toBe('Grüße')
  })

  test('may be empty, and HTML alone gets a text part in the mail only', async () => {
    const empty = (await send({ to: 'a@example.com' })).body.message_id
    expect(await get(`/${empty}`)).toMatchObject({ subject: null, text: null, html: null, cc: null, bcc: null })
    const html = (await send({ to: 'a@example.com', html: '<p>Words</p>' })).body.message_id
    expect(await get(`/${html}`)).toMatchObject({ text: null, html: '<p>Words</p>', preview: 'Words' })
    expect(readBack(await raw(html)).parts.map((p) => p.type)).toEqual(['text/plain', 'text/html'])
  })

  test('half a character in a body is replaced, in what is shown as in what is sent', async () => {
    const { body } = await send({ to: 'a@example.com', text: 'cut \ud83d', html: '<p>cut \ud83d</p>' })
    const shown = await get(`/${body.message_id}`)
    expect(shown).toMatchObject({ text: 'cut \ufffd', html: '<p>cut \ufffd</p>' })
  })

  test('reaches an inbox here, and its status says so', async () => {
    const other = (await t.call('POST', '/api/v0/inboxes', { body: { username: `peer-${serial}` } })).body
    const sent = await send({ to: other.email_address, cc: `${other.username}+tag@posthouse.test`, subject: 'Hi' })
    await t.work()
    expect((await get(`/${sent.body.message_id}`)).status).toBe('delivered')
    const there = await t.call('GET', `/api/v0/inboxes/${other.inbox_id}/messages`)
    expect(there.body.data).toMatchObject([{ subject: 'Hi', direction: 'inbound', status: null }])
    const full = await t.call('GET', `/api/v0/inboxes/${other.inbox_id}/messages/${there.body.data[0].message_id}`)
    expect(full.body.envelope.rcpt_to.toSorted()).toEqual([`${other.username}+tag@posthouse.test`, other.email_address])
  })

  test('to nobody here bounces', async () => {
    const { body } = await send({ to: 'nobody@posthouse.test' })
    await t.work()
    expect((await get(`/${body.message_id}`)).status).toBe('bounced')
    const deliveries = await get(`/${body.message_id}/deliveries`)
    expect(deliveries).toEqual({
      data: [
        {
          recipient: 'nobody@posthouse.test',
          status: 'failed',
          next_attempt_at: null,
          attempts: [
            {
              at: expect.stringMatching(/\.\d{3}Z$/),
              host: 'mail.posthouse.test',
              code: 550,
              enhanced_code: '5.1.1',
              text: expect.any(String),
            },
          ],
        },
      ],
      total: 1,
      page: 1,
      page_size: 20,
    })
  })

  test('each recipient is written to once: the first of to, cc and bcc wins', async () => {
    const { body } = await send({
      to: ['a@example.com', 'a@EXAMPLE.com'],
      cc: ['a@example.com', 'b@example.com'],
      bcc: ['b@Example.com', 'c@bücher.example'],
    })
    expect(await get(`/${body.message_id}`)).toMatchObject({ to: ['a@example.com'], cc: ['b@example.com'] })
    const { data } = await get(`/${body.message_id}/deliveries?page_size=2`)
    expect(data.map((d: { recipient: string }) => d.recipient)).toEqual(['a@example.com', 'b@example.com'])
    const rest = await get(`/${body.message_id}/deliveries?page_size=2&page=2`)
    expect(rest.data).toMatchObject([{ recipient: 'c@xn--bcher-kva.example', status: 'queued' }])
  })
})

describe('a send is refused, and nothing is kept,', () => {
  const base64 = (bytes: number) => Buffer.alloc(bytes).toString('base64')
  const file = (fields: object) => ({ attachments: [{ content: 'eA==', ...fields }] })

  test.each<[string, object, (string | number)[]]>([
    ['no recipient', { to: undefined }, ['to']],
    ['null for the recipient', { to: null }, ['to']],
    ['an empty list', { to: [] }, ['to']],
    ['an empty address', { to: '' }, ['to']],
    ['two addresses in one text', { to: 'a@example.com, b@example.com' }, ['to']],
    ['a group', { to: 'friends: a@example.com;' }, ['to']],
    ['a route', { to: '<@x.example:a@example.com>' }, ['to']],
    ['no host', { to: ['a@example.com', 'b'] }, ['to', 1]],
    ['a number', { to: 5 }, ['to']],
    ['a number in the list', { to: ['a@example.com', 5] }, ['to']],
    ['a line break in an address', { to: 'a@example.com\r\nBcc: x@y.example' }, ['to']],
    ['a bad cc', { cc: 'x' }, ['cc']],
    ['a bad bcc', { bcc: ['x'] }, ['bcc']],
    ['a bad reply_to', { reply_to: 'x' }, ['reply_to']],
    ['fifty-one recipients', { to: Array.from({ length: 51 }, (_, at) => `a${at}@example.com`) }, ['to']],
    ['a line break in the subject', { subject: 'a\nb' }, ['subject']],
    ['a NUL in the subject', { subject: 'a\0b' }, ['subject']],
    ['a long subject', { subject: 'x'.repeat(999) }, ['subject']],
    ['a subject that is no text', { subject: 5 }, ['subject']],
    ['a text that is no text', { text: ['x'] }, ['text']],
    ['a long text', { text: 'x'.repeat(5 * 1024 * 1024 + 1) }, ['text']],
    ['a long html', { html: 'x'.repeat(5 * 1024 * 1024 + 1) }, ['html']],
    ['labels that are no list', { labels: 'x' }, ['labels']],
    ['a system label', { labels: ['sent'] }, ['labels', 0]],
    ['a hiding label', { labels: ['a', 'trash'] }, ['labels', 1]],
    ['headers that are no object', { headers: ['x'] }, ['headers']],
    ['a header that is no text', { headers: { 'X-A': 1 } }, ['headers', 'X-A']],
    ['a header name with a colon', { headers: { 'X:A': 'x' } }, ['headers', 'X:A']],
    ['a long header name', { headers: { ['X'.repeat(77)]: 'x' } }, ['headers', 'X'.repeat(77)]],
    ['a line break in a header', { headers: { 'X-A': 'x\r\ny' } }, ['headers', 'X-A']],
    ['a long header', { headers: { 'X-A': 'x'.repeat(999) } }, ['headers', 'X-A']],
    [
      'fifty-one headers',
      { headers: Object.fromEntries(Array.from({ length: 51 }, (_, at) => [`X-${at}`, 'x'])) },
      ['headers'],
    ],
    ['attachments that are no list', { attachments: {} }, ['attachments']],
    ['content and url', file({ url: 'https://example.com/x' }), ['attachments', 0]],
    ['neither content nor url', { attachments: [{ filename: 'x' }] }, ['attachments', 0]],
    ['bad base64', file({ content: 'a$==' }), ['attachments', 0, 'content']],
    ['base64 of the URL kind', file({ content: '_-8=' }), ['attachments', 0, 'content']],
    ['a bad content type', file({ content_type: 'text' }), ['attachments', 0, 'content_type']],
    ['a line break in a content type', file({ content_type: 'text/a\r\nb' }), ['attachments', 0, 'content_type']],
    ['a line break in a file name', file({ filename: 'a\r\nb' }), ['attachments', 0, 'filename']],
    ['a line break in a content id', file({ content_id: 'a\nb' }), ['attachments', 0, 'content_id']],
    ['half a character in a subject', { subject: 'a\ud800' }, ['subject']],
    ['half a character in a header', { headers: { 'X-A': '\udc00' } }, ['headers', 'X-A']],
    ['half a character in a label', { labels: ['\udc00'] }, ['labels', 0]],
    ['half a character in a file name', file({ filename: 'a\ud800.pdf' }), ['attachments', 0, 'filename']],
    ['half a character in a content id', file({ content_id: 'a\ud800' }), ['attachments', 0, 'content_id']],
    ['a content id beyond ASCII', file({ content_id: 'ü' }), ['attachments', 0, 'content_id']],
    ['a content id with one bracket', file({ content_id: '<a' }), ['attachments', 0, 'content_id']],
    ['one header in two spellings', { headers: { 'X-A': 'x', 'x-a': 'y' } }, ['headers', 'x-a']],
    ['an unknown disposition', file({ content_disposition: 'form-data' }), ['attachments', 0, 'content_disposition']],
    ['fifty-one attachments', { attachments: Array(51).fill({ content: 'eA==' }) }, ['attachments']],
  ])('for %s', async (_case, fields, place) => {
    const refused = await send({ to: 'a@example.com', ...fields })
    expect(refused).toMatchObject({ status: 400, body: { name: 'ValidationError', code: 'validation_error' } })
    expect(refused.body.errors[0].path).toEqual(place)
    expect(await total()).toBe(0)
  })

  test.each(
    'From,to,CC,Bcc,Reply-To,Sender,Subject,Date,Message-ID,In-Reply-To,References,Return-Path,Received,MIME-Version,DKIM-Signature,Authentication-Results,Received-SPF,DomainKey-Signature,Delivered-To,Content-Type,ARC-Seal,Resent-From'.split(
      ',',
    ),
  )('for a %s header of its own', async (name) => {
    const refused = await send({ to: 'a@example.com', headers: { [name]: 'x' } })
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ path: ['headers', name] }] } })
  })

  test('for a rule that only the composer knows', async () => {
    const mailbox = await t.app.store.read.mailboxes.byAddress(inbox.email_address)
    if (!mailbox) throw new Error('The inbox is there')
    const { id, orgId } = mailbox
    await t.app.store.run('mailboxes.update', { id, orgId, change: { displayName: 'a\nb' } })
    const refused = await send({ to: 'a@example.com' })
    expect(refused).toMatchObject({ status: 400, body: { code: 'validation_error' } })
    expect(await total()).toBe(0)
  })

  test('for attachments over 25 MiB together', async () => {
    const attachments = [{ content: base64(13 * 1024 * 1024) }, { content: base64(12 * 1024 * 1024 + 1) }]
    expect(await send({ to: 'a@example.com', attachments })).toMatchObject({
      status: 413,
      body: { code: 'payload_too_large' },
    })
    expect(await total()).toBe(0)
  })

  test('for a body over 35 MiB', async () => {
    const body = `{"to":"a@example.com"${' '.repeat(35 * 1024 * 1024)}}`
    expect((await t.call('POST', path('/send'), { body })).status).toBe(413)
  })

  test('without the permission, and for an inbox that is not there', async () => {
    const { key } = (await t.call('POST', '/api/v0/api-keys', { body: { name: 'r', scopes: ['read'] } })).body
    const refused = await t.call('POST', path('/send'), { key, body: { to: 'a@example.com' } })
    expect(refused).toMatchObject({ status: 403, body: { code: 'missing_permission' } })
    const nowhere = await t.call('POST', '/api/v0/inboxes/x/messages/send', { body: { to: 'a@example.com' } })
    expect(nowhere.status).toBe(404)
  })
})

describe('an attachment by URL', () => {
  const url = 'https://files.example/report'

  test('is fetched before the answer, with what the server says of it', async () => {
    t.files.set(url, { content: Buffer.from('%PDF'), filename: 'report.pdf', contentType: 'application/pdf' })
    const { body } = await send({ to: 'a@example.com', attachments: [{ url }] })
    const full = await get(`/${body.message_id}`)
    expect(full.attachments).toMatchObject([{ filename: 'report.pdf', content_type: 'application/pdf', size: 4 }])
  })

  test.each(['pdf', 'text/plain; x="y', 'text/plain charset=x', ''])(
    'that is served as %j gets its type by its name',
    async (type) => {
      t.files.set(url, { content: Buffer.from('%PDF'), filename: 'report.pdf', contentType: type })
      const { body } = await send({ to: 'a@example.com', attachments: [{ url }] })
      expect((await get(`/${body.message_id}`)).attachments).toMatchObject([{ content_type: 'application/pdf' }])
    },
  )

  test.each<[Failure['code'], number, string]>([
    ['url_blocked', 400, 'url_blocked'],
    ['fetch_failed', 422, 'attachment_fetch_failed'],
    ['too_large', 413, 'payload_too_large'],
  ])('that is %s refuses the send', async (failure, status, code) => {
    t.files.set(url, new Failure(failure, 'no'))
    expect(await send({ to: 'a@example.com', attachments: [{ url }] })).toMatchObject({ status, body: { code } })
    expect(await total()).toBe(0)
  })
})

describe('the pace', () => {
  test('of an inbox is kept, and the answer says when to come back', async () => {
    await using slow = await testApp({ settings: { sendsPerMinute: 2 } })
    await slow.call('POST', '/api/v0/inboxes', { body: { username: 'slow' } })
    const once = () =>
      slow.call('POST', '/api/v0/inboxes/slow@posthouse.test/messages/send', { body: { to: 'a@example.com' } })
    expect([(await once()).status, (await once()).status]).toEqual([200, 200])
    const refused = await once()
    expect(refused).toMatchObject({ status: 429, body: { name: 'RateLimitError', code: 'rate_limit_exceeded' } })
    expect(refused.body.message).not.toContain('mailbox')
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(refused.headers.get('x-ratelimit-limit')).toBe('2')
    expect(refused.headers.get('x-ratelimit-remaining')).toBe('0')
    expect(Number(refused.headers.get('x-ratelimit-reset'))).toBeGreaterThan(slow.clock.now() / 1000)
    slow.clock.advance(60_000)
    expect((await once()).status).toBe(200)
  })

  test('has room again when the oldest message has left the minute', async () => {
    await using slow = await testApp({ settings: { sendsPerMinute: 2 } })
    await slow.call('POST', '/api/v0/inboxes', { body: { username: 'slow' } })
    const once = () =>
      slow.call('POST', '/api/v0/inboxes/slow@posthouse.test/messages/send', { body: { to: 'a@example.com' } })
    await once()
    slow.clock.advance(50_000)
    await once()
    const refused = await once()
    expect(refused.headers.get('retry-after')).toBe('10')
    slow.clock.advance(10_000)
    expect((await once()).status).toBe(200)
    expect((await once()).status).toBe(429)
  })

  test('of an organization is that of all its inboxes, and of no other', async () => {
    await using slow = await testApp({ settings: { orgSendsPerMinute: 2 } })
    const other = await slow.organization()
    for (const [username, key] of [
      ['one', slow.key],
      ['two', slow.key],
      ['three', other],
    ] as const)
      await slow.call('POST', '/api/v0/inboxes', { body: { username }, key })
    const send = (username: string, key = slow.key) =>
      slow.call('POST', `/api/v0/inboxes/${username}@posthouse.test/messages/send`, {
        ...{ body: { to: 'a@example.com' }, key },
      })
    expect([(await send('one')).status, (await send('two')).status]).toEqual([200, 200])
    const refused = await send('one')
    expect(refused.status).toBe(429)
    expect(refused.headers.get('x-ratelimit-limit')).toBe('2')
    expect((await send('three', other)).status).toBe(200)
  })

  test('of a thread is kept against machines that answer each other', async () => {
    await using slow = await testApp({ settings: { threadSendsPerHour: 2 } })
    await slow.call('POST', '/api/v0/inboxes', { body: { username: 'slow' } })
    const messages = '/api/v0/inboxes/slow@posthouse.test/messages'
    await slow.mail('slow@posthouse.test', 'From: a@example.com\nSubject: x\n\ny')
    const { message_id } = (await slow.call('GET', messages)).body.data[0]
    const reply = () => slow.call('POST', `${messages}/${message_id}/reply`, { body: { text: 'z' } })
    expect([(await reply()).status, (await reply()).status]).toEqual([200, 200])
    const refused = await reply()
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3_500)
  })
})
