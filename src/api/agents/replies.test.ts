import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readBack } from '../../../test/read-back.ts'
import { type TestApp, testApp } from '../../../test/support/app.ts'

let t: TestApp
let inbox: { inbox_id: string; email_address: string }
let serial = 0

beforeAll(async () => {
  t = await testApp()
})
afterAll(() => t[Symbol.asyncDispose]())
beforeEach(async () => {
  inbox = (await t.call('POST', '/api/v0/inboxes', { body: { username: `box-${++serial}` } })).body
})

const path = (rest = '') => `/api/v0/inboxes/${inbox.inbox_id}/messages${rest}`
const get = async (rest = '') => (await t.call('GET', path(rest))).body
const send = (body: object) => t.call('POST', path('/send'), { body })

async function raw(id: string) {
  const answer = await t.fetch(path(`/${id}/eml`), { headers: { authorization: `Bearer ${t.key}` } })
  return Buffer.from(await answer.arrayBuffer())
}

async function receive(text: string) {
  await t.mail(inbox.email_address, text)
  return (await get('?direction=inbound&page_size=1')).data[0].message_id
}

const original = `From: Ada <ada@example.com>
To: Box <BOX>, other@example.com
Cc: cc@example.com, BOX+tag
Subject: Plans
Message-ID: <plans@example.com>
References: <r1@example.com> <r2@example.com>

Shall we?`

const addressed = (text: string) =>
  text
    .replaceAll('BOX+tag', inbox.email_address.replace('@', '+tag@'))
    .replaceAll('BOX', inbox.email_address.toUpperCase())

describe('a reply', () => {
  const reply = async (id: string, body: object, how = 'reply') => t.call('POST', path(`/${id}/${how}`), { body })
  const sentBy = async (answer: { body: { message_id: string } }) => get(`/${answer.body.message_id}`)

  test('goes to the sender, in the thread, with the ancestry of the original', async () => {
    const id = await receive(addressed(original))
    const answer = await reply(id, { text: 'Yes', labels: ['replied'] })
    expect(answer.status).toBe(200)
    expect(await sentBy(answer)).toMatchObject({
      thread_id: (await get(`/${id}`)).thread_id,
      to: ['Ada <ada@example.com>'],
      cc: null,
      subject: 'Re: Plans',
      text: 'Yes',
      labels: ['replied'],
      in_reply_to: '<plans@example.com>',
      references: ['<r1@example.com>', '<r2@example.com>', '<plans@example.com>'],
    })
  })

  test('goes to Reply-To where there is one, and its subject is not doubled', async () => {
    const id = await receive('From: a@example.com\nReply-To: b@example.com\nSubject: RE: x\n\ny')
    expect(await sentBy(await reply(id, {}))).toMatchObject({ to: ['b@example.com'], subject: 'RE: x' })
  })

  test('goes to addresses that only their own server understands', async () => {
    const odd = ['C <c..d@ext.com>', 'e.@ext.com', 'g@ex_t.com', 'h@ext.com.', '"i j"@ext.com', 'k@[192.0.2.1]']
    const id = await receive(`From: a@example.com\nReply-To: ${odd.join(', ')}\nSubject: x\n\ny`)
    const answer = await reply(id, {})
    const to = ['"c..d"@ext.com', '"e."@ext.com', 'g@ex_t.com', 'h@ext.com', '"i j"@ext.com']
    expect((await sentBy(answer)).to).toEqual(to.map((address, at) => (at === 0 ? `C <${address}>` : address)))
    const { data } = await get(`/${answer.body.message_id}/deliveries`)
    expect(data.map((d: { recipient: string }) => d.recipient).toSorted()).toEqual(to.toSorted())
    expect((await raw(answer.body.message_id)).toString()).toContain('To: C <"c..d"@ext.com>, "e."@ext.com, g@ex_t.com')
  })

  test.each(['<a\tb c@x.test>', '<=?utf-8?q?a?=@x.test>', '<ü@x.test>', '<long\n part@x.test>'])(
    'names no other message than the original: %j',
    async (messageId) => {
      const id = await receive(`From: a@example.com\nMessage-ID: ${messageId}\nReferences: <r@x.test>\n\ny`)
      const answer = await reply(id, {})
      expect(answer.status).toBe(200)
      expect(await sentBy(answer)).toMatchObject({ in_reply_to: null, references: ['<r@x.test>'] })
    },
  )

  test('needs no body at all', async () => {
    const id = await receive(addressed(original))
    expect((await t.call('POST', path(`/${id}/reply`))).status).toBe(200)
  })

  test('to all goes to everybody but ourselves', async () => {
    const id = await receive(addressed(original))
    const expected = { to: ['Ada <ada@example.com>', 'other@example.com'], cc: ['cc@example.com', 'extra@example.com'] }
    expect(
      await sentBy(await reply(id, { cc: ['extra@example.com', 'ada@EXAMPLE.com', inbox.email_address] }, 'reply-all')),
    ).toMatchObject(expected)
    expect(await sentBy(await reply(id, { reply_all: true, cc: 'extra@example.com' }))).toMatchObject(expected)
  })

  test('to our own message goes where that went', async () => {
    const { body } = await send({ to: 'a@example.com', cc: 'b@example.com', subject: 'x' })
    expect(await sentBy(await reply(body.message_id, {}))).toMatchObject({ to: ['a@example.com'], cc: null })
    expect(await sentBy(await reply(body.message_id, {}, 'reply-all'))).toMatchObject({
      to: ['a@example.com'],
      cc: ['b@example.com'],
      thread_id: body.thread_id,
    })
  })

  test('with recipients of its own takes those', async () => {
    const id = await receive(addressed(original))
    expect(await sentBy(await reply(id, { to: 'z@example.com', bcc: ['y@example.com'] }))).toMatchObject({
      to: ['z@example.com'],
      bcc: ['y@example.com'],
    })
  })

  test('is impossible when nobody is left', async () => {
    const id = await receive(addressed('From: BOX\nTo: BOX+tag\nSubject: alone\n\nx'))
    expect(await reply(id, {}, 'reply-all')).toMatchObject({ status: 422, body: { code: 'unprocessable' } })
    const silent = await receive('Subject: from nobody\n\nx')
    expect((await reply(silent, {})).status).toBe(422)
  })

  test('keeps the first and the last 49 of a long ancestry', async () => {
    const chain = Array.from({ length: 80 }, (_, at) => `<r${at}@example.com>`)
    const id = await receive(
      `From: a@example.com\nMessage-ID: <last@example.com>\nReferences: ${chain.join('\n ')}\n\nx`,
    )
    const { references } = await sentBy(await reply(id, {}))
    expect(references).toEqual([chain[0], ...chain.slice(-48), '<last@example.com>'])
  })

  test.each(['reply', 'reply-all', 'forward'])('(%s) to an unknown message is not found', async (how) => {
    for (const id of ['msg_x', '0'.repeat(30), 'nobody@example.com']) {
      const refused = await reply(id, { to: 'a@example.com' }, how)
      expect(refused).toMatchObject({ status: 404, body: { code: 'not_found' } })
    }
  })
})

describe('an automatic reply', () => {
  const answer = (id: string, value?: string) =>
    t.call('POST', path(`/${id}/reply`), {
      body: { text: 'I am away', ...(value && { headers: { 'Auto-Submitted': value } }) },
    })
  const mail = (fields = '') => `From: ada@example.com\nMessage-ID: <m${++serial}@example.com>\n${fields}\nHello`

  test.each([
    'Auto-Submitted: auto-replied\n',
    'Auto-Submitted: auto-generated (vacation)\n',
    'Precedence: bulk\n',
    'Precedence: list\n',
    'List-Id: <a.example.com>\n',
    'List-Unsubscribe: <https://a.example.com/>\n',
    'X-Auto-Response-Suppress: DR, OOF, AutoReply\n',
  ])('to a mail with %j is refused', async (fields) => {
    const id = await receive(mail(fields))
    expect(await answer(id, 'auto-replied')).toMatchObject({ status: 403, body: { code: 'message_rejected' } })
    expect((await answer(id)).status).toBe(200)
    expect((await answer(id, 'no')).status).toBe(200)
  })

  test('to the null sender is refused', async () => {
    await t.mail(inbox.email_address, mail(), { mailFrom: '' })
    const [{ message_id }] = (await get('?direction=inbound')).data
    expect((await answer(message_id, 'auto-replied')).status).toBe(403)
  })

  test('to a person is sent', async () => {
    expect((await answer(await receive(mail('Auto-Submitted: no\n')), 'auto-replied')).status).toBe(200)
  })
})

describe('a forward', () => {
  const forward = async (id: string, body: object) => t.call('POST', path(`/${id}/forward`), { body })
  const withFile = `From: Ada <ada@example.com>
To: BOX
Subject: Plans
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

The original words
--b
Content-Type: text/csv; name=a.csv
Content-Disposition: attachment; filename=a.csv

1,2
--b--
`

  test('opens a new thread with the original words under a heading, and its files', async () => {
    const id = await receive(addressed(withFile))
    const answer = await forward(id, { to: 'x@example.com', labels: ['forwarded'] })
    const sent = await get(`/${answer.body.message_id}`)
    expect(sent).toMatchObject({
      to: ['x@example.com'],
      subject: 'Fwd: Plans',
      labels: ['forwarded'],
      in_reply_to: null,
      references: null,
      attachments: [{ filename: 'a.csv', content_type: 'text/csv', content_disposition: 'attachment' }],
    })
    expect(sent.thread_id).not.toBe((await get(`/${id}`)).thread_id)
    expect(sent.text).toMatch(
      /Forwarded message[\s\S]*From: Ada <ada@example.com>[\s\S]*Subject: Plans[\s\S]*The original words/,
    )
    expect(
      readBack(await raw(answer.body.message_id))
        .parts.at(-1)
        ?.content.toString()
        .trim(),
    ).toBe('1,2')
  })

  test('with words of its own sends those and the files', async () => {
    const id = await receive(addressed(withFile))
    const { body } = await forward(id, { to: 'x@example.com', text: 'FYI', subject: 'Look' })
    const sent = await get(`/${body.message_id}`)
    expect(sent).toMatchObject({ text: 'FYI', html: null, subject: 'Look', attachments: [{ filename: 'a.csv' }] })
  })

  test('with include_original puts the words above the original', async () => {
    const id = await receive(addressed(withFile))
    const { body } = await forward(id, { to: 'x@example.com', text: 'FYI', include_original: true })
    expect((await get(`/${body.message_id}`)).text).toMatch(/^FYI[\s\S]*The original words/)
  })

  test.each([{}, { to: [] }, { to: 'x' }])('to %j is refused', async (body) => {
    const id = await receive(addressed(withFile))
    expect(await forward(id, body)).toMatchObject({ status: 400, body: { errors: [{ path: ['to'] }] } })
  })
})
