import { describe, expect, test } from 'vitest'
import { type ServiceAnswer, startMailService } from '../../../test/support/mail-service.ts'
import { toResendCalls } from './resend-mail.ts'
import { sendByResend } from './resend-sender.ts'

const crlf = (text: string) => Buffer.from(text.replaceAll('\n', '\r\n'))
const plain = crlf(`Message-ID: <1@us.test>
Date: Sat, 21 Nov 2026 10:00:00 +0000
From: =?utf-8?q?J=C3=B6rg?= <us@us.test>
To: Ada <ada@one.test>, local@us.test
Cc: "Lovelace, B." <bob@two.test>
Reply-To: answers@us.test
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
In-Reply-To: <0@one.test>
List-Unsubscribe: <https://us.test/u>
Received: from a by b; Sat, 21 Nov 2026 10:00:00 +0000
DKIM-Signature: v=1; a=rsa-sha256; d=us.test; s=x; h=from; bh=; b=
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

aGVsbG8=
`)

/** As the service does: the key, the shape, and one answer for each idempotency key. */
function service(told: () => ServiceAnswer | undefined = () => undefined) {
  const done = new Map<string, { body: string; id: string }>()
  return startMailService(({ method, target, headers, body }) => {
    const refuse = (status: number, name: string) => ({ status, json: { statusCode: status, name, message: name } })
    if (method !== 'POST' || target !== '/emails') return refuse(404, 'not_found')
    if (headers.authorization !== 'Bearer re_1') return refuse(403, 'invalid_api_key')
    const key = String(headers['idempotency-key'] ?? '')
    if (key === '' || key.length > 256) return refuse(400, 'invalid_idempotency_key')
    const mail = JSON.parse(body.toString())
    if (!mail.from || !Array.isArray(mail.to) || mail.to.length < 1 || mail.to.length > 50)
      return refuse(422, 'validation_error')
    if (typeof mail.subject !== 'string' || !('text' in mail || 'html' in mail))
      return refuse(422, 'missing_required_field')
    const before = done.get(key)
    if (before && before.body !== body.toString()) return refuse(409, 'invalid_idempotent_request')
    const id = before?.id ?? `id-${done.size + 1}`
    done.set(key, { body: body.toString(), id })
    return told() ?? { status: 200, json: { id } }
  })
}

const route = (endpoint: string, key = 're_1') => ({ kind: 'resend', key, endpoint }) as const

test('a mail is handed over with what it says, to the recipients of its envelope', async () => {
  await using resend = await service()
  const recipients = ['ada@one.test', 'bob@two.test', 'blind@three.test']
  const replies = await sendByResend(route(resend.endpoint), { mailFrom: 'us@us.test', recipients, raw: plain })
  const { host } = new URL(resend.endpoint)
  const taken = { result: 'sent', text: 'Taken by Resend as id-1', host, replyCode: null, enhancedCode: null }
  expect(replies).toEqual(recipients.map((recipient) => ({ recipient, ...taken })))
  expect(JSON.parse(resend.seen[0]!.body.toString())).toEqual({
    from: 'Jörg <us@us.test>',
    to: ['Ada <ada@one.test>'],
    cc: ['"Lovelace, B." <bob@two.test>'],
    bcc: ['blind@three.test'],
    reply_to: ['answers@us.test'],
    subject: 'Grüße',
    text: 'hello',
    headers: { 'Message-ID': '<1@us.test>', 'In-Reply-To': '<0@one.test>', 'List-Unsubscribe': '<https://us.test/u>' },
  })
})

test('a second try has the key of the first, and other recipients have another', async () => {
  let answers = 0
  await using resend = await service(() => (++answers === 1 ? 'cut' : undefined))
  const send = async (to: string) =>
    (await sendByResend(route(resend.endpoint), { mailFrom: '', recipients: [to], raw: plain }))[0]
  expect(await send('ada@one.test')).toMatchObject({ result: 'temporary' })
  expect(await send('ada@one.test')).toMatchObject({ result: 'sent', text: 'Taken by Resend as id-1' })
  expect(await send('bob@two.test')).toMatchObject({ result: 'sent', text: 'Taken by Resend as id-2' })
})

describe('who is named', () => {
  const calls = (...recipients: string[]) =>
    toResendCalls(plain, recipients).map(({ mail: { to, cc, bcc } }) => ({ to, cc, bcc }))
  test('blind copies alone get a call each, and see nobody', () => {
    expect(calls('x@three.test', 'y@three.test')).toEqual([{ to: ['x@three.test'] }, { to: ['y@three.test'] }])
  })
  test('who was delivered here already is not written to again', () => {
    expect(calls('bob@two.test')).toEqual([{ to: ['"Lovelace, B." <bob@two.test>'] }])
  })
  test('addresses are the same whatever their case', () => {
    expect(calls('ADA@one.test')).toEqual([{ to: ['Ada <ada@one.test>'] }])
  })
  test('more than the service takes at once get a call each', () => {
    expect(calls('ada@one.test', ...Array.from({ length: 50 }, (_, i) => `r${i}@x.test`))).toHaveLength(51)
  })
})

test('bodies and attachments keep their bytes, names and ids', () => {
  const raw = crlf(`From: us@us.test
To: ada@one.test
Subject: x
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: multipart/related; boundary=r

--r
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain

words
--a
Content-Type: text/html

<p>words <img src="cid:pic@us"></p>
--a--
--r
Content-Type: image/png
Content-Transfer-Encoding: base64
Content-ID: <pic@us>
Content-Disposition: inline; filename=pic.png

AAEC
--r--
--m
Content-Type: application/pdf; name=a.pdf
Content-Disposition: attachment; filename="b c.pdf"
Content-Transfer-Encoding: base64

JVBERg==
--m--
`)
  const [call] = toResendCalls(raw, ['ada@one.test'])
  expect(call?.mail).toMatchObject({
    text: expect.stringContaining('words'),
    html: expect.stringContaining('cid:pic@us'),
    attachments: [
      { filename: 'pic.png', content: 'AAEC', content_type: 'image/png', content_id: 'pic@us' },
      { filename: 'b c.pdf', content: 'JVBERg==', content_type: 'application/pdf' },
    ],
  })
})

test.each<[ServiceAnswer, object]>([
  [
    { status: 422, json: { name: 'validation_error', message: 'Bad\nfrom' } },
    { result: 'permanent', text: 'HTTP 422 validation_error: Bad from' },
  ],
  [{ status: 403, json: { name: 'validation_error', message: 'The domain is not verified' } }, { result: 'permanent' }],
  [{ status: 401, json: { name: 'missing_api_key', message: 'x' } }, { result: 'temporary' }],
  [
    { status: 429, json: { name: 'rate_limit_exceeded', message: 'x' }, headers: { 'retry-after': '7' } },
    { result: 'temporary', retryAfterSeconds: 7 },
  ],
  [
    { status: 500, json: 'no object' },
    { result: 'temporary', text: 'HTTP 500 unknown: unknown' },
  ],
  [{ status: 409, json: { name: 'concurrent_idempotent_requests', message: 'x' } }, { result: 'temporary' }],
  [{ status: 302, json: {}, headers: { location: 'http://127.0.0.1:1/' } }, { result: 'temporary' }],
])('the answer %j', async (said, expected) => {
  await using resend = await service(() => said)
  const [reply] = await sendByResend(route(resend.endpoint), { mailFrom: '', recipients: ['a@b.test'], raw: plain })
  expect(reply).toMatchObject(expected)
})

test('a wrong key keeps the mail waiting', async () => {
  await using resend = await service()
  const [reply] = await sendByResend(route(resend.endpoint, 're_2'), {
    mailFrom: '',
    recipients: ['a@b.test'],
    raw: plain,
  })
  expect(reply).toMatchObject({ result: 'temporary', text: 'HTTP 403 invalid_api_key: invalid_api_key' })
})
