import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'

let t: TestApp
let inbox: { id: string; address: string }
beforeAll(async () => {
  t = await testApp()
})
afterAll(() => t[Symbol.asyncDispose]())
beforeEach(async () => {
  inbox = (await t.call('POST', '/v1/inboxes')).body
})

const mail = (...lines: string[]) => t.mail(inbox.address, ['From: Shop <no-reply@shop.test>', ...lines].join('\n'))
const list = async (query = `?inbox=${inbox.id}`, key = t.key) => t.call('GET', `/v1/messages${query}`, { key })
const newest = async () => (await list()).body.items[0]
const at = ({ uid, domain }: { uid: number; domain: string }, rest = '') =>
  `/v1/messages/${uid}${rest}?domain=${domain}`

const withFile = [
  `To: ${'x'}@posthouse.test`,
  'Subject: Report',
  'Message-ID: <report@shop.test>',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'Content-Type: text/html',
  '',
  '<p onclick="x()">See <a href="https://shop.test/verify?t=1">Confirm your address</a><img src="https://t.test/p.png"></p>',
  '--b',
  'Content-Type: text/csv; name=a.csv',
  'Content-Disposition: attachment; filename="a.csv"',
  'Content-Transfer-Encoding: base64',
  '',
  'MSwyCg==',
  '--b--',
]

describe('a received message', () => {
  test('is listed under its number, and opened by it', async () => {
    await mail(`To: ${inbox.address}`, 'Subject: Your code', '', 'Code 498212')
    const { status, body } = await list()
    expect(status).toBe(200)
    const [item] = body.items
    expect(item).toEqual({
      uid: expect.any(Number),
      domain: 'posthouse.test',
      inboxId: inbox.id,
      from: 'Shop <no-reply@shop.test>',
      to: [inbox.address],
      subject: 'Your code',
      receivedAt: new Date(t.clock.now() - 1).toISOString(),
    })
    const full = (await t.call('GET', at(item))).body
    expect(full).toEqual({
      ...item,
      cc: [],
      replyTo: [],
      messageId: expect.stringMatching(/^<.*>$/),
      tag: null,
      textBody: 'Code 498212',
      htmlBody: null,
      attachments: [],
      codes: [{ value: '498212', confidence: expect.any(Number) }],
      links: [],
    })
    expect((await t.call('GET', at({ ...item, domain: 'Posthouse.TEST' }))).body).toEqual(full)
  })

  test('shows clean HTML, its links, and its files', async () => {
    await mail(...withFile)
    const item = await newest()
    const { body } = await t.call('GET', at(item))
    expect(body.htmlBody).toContain('<img data-src="https://t.test/p.png" />')
    expect(body.htmlBody).not.toContain('onclick')
    const shown = (await t.call('GET', `${at(item)}&remoteImages=true`)).body.htmlBody
    expect(shown).toContain('<img src="https://t.test/p.png" />')
    expect(body.links[0]).toEqual({
      href: 'https://shop.test/verify?t=1',
      text: 'Confirm your address',
      kind: 'verify',
    })
    const [file] = body.attachments
    expect(body.attachments).toEqual([
      {
        index: 0,
        filename: 'a.csv',
        contentType: 'text/csv',
        size: 4,
        contentId: null,
        downloadUrl: `http://posthouse.test/v1/messages/${item.uid}/attachments/0?domain=posthouse.test`,
      },
    ])
    const { pathname, search } = new URL(file.downloadUrl)
    const got = await t.call('GET', pathname + search)
    expect([got.status, got.body]).toEqual([200, '1,2\n'])
    expect(got.headers.get('content-disposition')).toContain('a.csv')
    expect(got.headers.get('x-content-type-options')).toBe('nosniff')
    for (const index of ['1', '-1', 'x', '99999999999']) {
      expect((await t.call('GET', at(item, `/attachments/${index}`))).status).toBe(404)
    }
  })

  test('names a file that came without a name, in the message and when it is saved', async () => {
    await mail('Content-Type: image/svg+xml', 'Content-Disposition: attachment', '', '<svg/>')
    const item = await newest()
    const [file] = (await t.call('GET', at(item))).body.attachments
    expect(file.filename).toBe('attachment-1.svg')
    const saved = (await t.call('GET', at(item, '/attachments/0'))).headers.get('content-disposition')
    expect(saved).toContain('filename="attachment-1.svg"')
  })

  test('keeps what stood behind the plus of its address', async () => {
    const tagged = inbox.address.replace('@', '+Step-2@')
    await t.mail(tagged, 'Subject: Tagged\n\nx')
    expect((await t.call('GET', at(await newest()))).body.tag).toBe('Step-2')
  })

  test('that looks like spam is not kept back: there is no other list', async () => {
    const [filed] = await mail('Subject: Suspect', '', 'x')
    if (filed?.result !== 'stored') throw new Error('The mail was not stored')
    const { mailboxId, messageId: id } = filed
    await t.app.store.run('messages.label', { mailboxId, id, change: { spam: true } })
    expect((await newest()).subject).toBe('Suspect')
  })

  test('its raw bytes are exactly what came', async () => {
    await mail('Subject: Raw', '', 'a', 'b')
    const response = await t.fetch(at(await newest(), '/raw'), { headers: { authorization: `Bearer ${t.key}` } })
    expect(await response.text()).toBe('From: Shop <no-reply@shop.test>\r\nSubject: Raw\r\n\r\na\r\nb')
    expect(response.headers.get('content-type')).toBe('message/rfc822')
  })

  test('can be deleted, once, and its number is never used again', async () => {
    await mail('Subject: Old', '', 'x')
    const item = await newest()
    expect((await t.call('DELETE', at(item))).body).toEqual({ ok: true })
    for (const method of ['GET', 'DELETE']) expect((await t.call(method, at(item))).status).toBe(404)
    await mail('Subject: New', '', 'x')
    expect((await newest()).uid).toBeGreaterThan(item.uid)
  })

  test('needs its domain, and a number', async () => {
    await mail('Subject: Hi', '', 'x')
    const { uid } = await newest()
    for (const path of [
      `/v1/messages/${uid}`,
      `/v1/messages/${uid}?domain=`,
      `/v1/messages/${uid}?domain=a&domain=b`,
    ]) {
      expect([path, (await t.call('GET', path)).status]).toEqual([path, 400])
    }
    const paths = [
      `${uid}?domain=example.com`,
      '0?domain=x.test',
      '-1?domain=x.test',
      '1.5?domain=x.test',
      'abc?domain=x.test',
      '99999999999999999999?domain=x.test',
    ]
    for (const path of paths) expect([path, (await t.call('GET', `/v1/messages/${path}`)).status]).toEqual([path, 404])
  })
})

describe('the list', () => {
  test('is of all inboxes, newest first, as long as asked for', async () => {
    const key = await t.organization()
    const boxes = [
      (await t.call('POST', '/v1/inboxes', { key })).body,
      (await t.call('POST', '/v1/inboxes', { key })).body,
    ]
    for (let i = 0; i < 3; i++) await t.mail(boxes[i % 2].address, `Subject: ${i}\n\nx`)
    const subjects = async (query: string) =>
      (await list(query, key)).body.items.map((item: { subject: string }) => item.subject)
    expect(await subjects('')).toEqual(['2', '1', '0'])
    expect(await subjects(`?inbox=${boxes[0].id}`)).toEqual(['2', '0'])
    expect(await subjects('?limit=2')).toEqual(['2', '1'])
    expect(await subjects('?limit=0')).toEqual(['2'])
    expect(await subjects('?limit=-5')).toEqual(['2'])
    expect(await subjects('?limit=100000')).toEqual(['2', '1', '0'])
  })

  test.each(['limit=x', 'limit=1.5', 'limit=', 'limit=1&limit=2'])('%s is refused', async (query) => {
    const { status, body } = await list(`?${query}`)
    expect([status, body.error.code]).toEqual([400, 'invalid_request'])
  })

  test.each(['00000000-0000-4000-8000-000000000000', 'nonsense', 'a@posthouse.test'])(
    'the inbox %s is not found',
    async (id) => {
      expect((await list(`?inbox=${id}`)).status).toBe(404)
    },
  )
})

test('what a list or a message showed, no wait shows again', async () => {
  await mail('Subject: One', '', 'x')
  await list()
  await mail('Subject: Two', '', 'x')
  const wait = async () => (await t.call('GET', `/v1/inboxes/${inbox.id}/wait?timeout=0`)).body.message
  expect((await wait()).subject).toBe('Two')
  expect(await wait()).toBeNull()
})
