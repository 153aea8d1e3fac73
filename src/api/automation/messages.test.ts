import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'

const BASE = '/api/v1/inbox'
const DAY_MS = 86_400_000
let t: TestApp
beforeAll(async () => {
  t = await testApp()
})
afterAll(() => t[Symbol.asyncDispose]())

interface Made {
  id: string
  address: string
}

async function make(fields: object = {}): Promise<Made> {
  const { body } = await t.call('POST', BASE, { body: { name: 'Invoices', ...fields } })
  return { id: body.id, address: body.hookAddress }
}

async function mail({ address }: Made, subject: string, head = '', body = 'Hello'): Promise<string> {
  const [filed] = await t.mail(address, `Subject: ${subject}\n${head}\n${body}\n`)
  return filed?.result === 'stored' ? filed.messageId : (filed?.result ?? 'nothing')
}

const list = (box: Made, query = '') => t.call('GET', `${BASE}/${box.id}/messages${query}`)
const subjects = (items: { subject: string }[]) => items.map(({ subject }) => subject)

const whole = `From: Supplier <Billing@Supplier.test>
To: <x@in.test>, y@in.test
Cc: Z <z@in.test>
Subject: =?utf-8?q?Invoice_=E2=82=AC17?=
Date: Fri, 20 Feb 2026 10:29:58 +0000
Message-ID: <17@supplier.test>
References: <15@supplier.test> <16@supplier.test>
In-Reply-To: <16@supplier.test>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html

<p>See <b>attachment</b></p>
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename="../invoice-17.pdf"
Content-Transfer-Encoding: base64

JVBERi0xLjQ=
--b
Content-Type: message/rfc822

Subject: inner

x
--b--
`

describe('one message', () => {
  test('has everything in it, and reading does not handle it', async () => {
    const box = await make()
    await t.mail(box.address.replace('@', '+Q3@'), whole, { mailFrom: 'Bounce@supplier.test' })
    const [item] = (await list(box)).body
    const { status, body } = await t.call('GET', `${BASE}/${box.id}/messages/${item.id.toUpperCase()}`)
    const receivedAt = new Date(t.clock.now() - 2).toISOString()
    expect(status).toBe(200)
    expect(body).toMatchObject({
      ...{ id: item.id, inboxId: box.id, inboxHookAddress: box.address },
      ...{ fromAddress: 'billing@supplier.test', fromName: 'Supplier' },
      ...{ toAddresses: ['x@in.test', 'y@in.test'], ccAddresses: ['z@in.test'] },
      ...{ envelopeFrom: 'Bounce@supplier.test', envelopeTo: box.address.replace('@', '+Q3@'), tag: 'Q3' },
      ...{ subject: 'Invoice €17', bodyText: 'See attachment', sentAt: '2026-02-20T10:29:58.000Z' },
      ...{ receivedAt, expiresAt: new Date(Date.parse(receivedAt) + 30 * DAY_MS).toISOString() },
      ...{ isHandled: false, handledAt: null, hasAttachments: true, attachmentCount: 2 },
      ...{ messageIdHeader: '<17@supplier.test>', inReplyTo: '<16@supplier.test>', source: 'smtp', imapConfigId: null },
      references: ['<15@supplier.test>', '<16@supplier.test>'],
      authentication: { spf: expect.any(String), dkim: 'none', dmarc: expect.any(String) },
    })
    expect(body.bodyHtml.trim()).toBe('<p>See <b>attachment</b></p>')
    expect(body.headers).toContainEqual({ name: 'Subject', value: 'Invoice €17' })
    expect(body.attachments.map((one: { fileName: string }) => one.fileName)).toEqual([
      'invoice-17.pdf',
      'attachment-2.eml',
    ])
    expect(Object.keys(item).sort()).toEqual(
      Object.keys(body)
        .filter((name) => !onlyWhole.includes(name))
        .sort(),
    )
  })

  const onlyWhole = [
    'inboxHookAddress',
    'envelopeFrom',
    'envelopeTo',
    'tag',
    'bodyHtml',
    'messageIdHeader',
    'inReplyTo',
  ]
  onlyWhole.push('references', 'headers', 'authentication')

  test('without anything to say has empty fields, and its sender from the envelope', async () => {
    const box = await make()
    await t.mail(box.address, '\nonly words\n', { mailFrom: 'Quiet@Corp.test' })
    const [item] = (await list(box)).body
    expect(item).toMatchObject({ subject: '', fromAddress: 'quiet@corp.test', fromName: null, sentAt: null })
  })

  test('comes as its bytes', async () => {
    const box = await make()
    const raw = 'Subject: raw\r\n\r\nx\r\n'
    await t.mail(box.address, raw)
    const [{ id }] = (await list(box)).body
    const { body, headers } = await t.call('GET', `${BASE}/${box.id}/messages/${id}/raw`)
    expect(body).toBe(raw)
    expect(headers.get('content-type')).toBe('message/rfc822')
  })

  test('is deleted once, with its bytes', async () => {
    const box = await make()
    const id = await mail(box, 'gone')
    const path = `${BASE}/${box.id}/messages/${id}`
    expect(await t.call('DELETE', path)).toMatchObject({ status: 200, body: { id } })
    expect((await t.call('DELETE', path)).status).toBe(404)
    expect((await list(box)).body).toEqual([])
  })

  test('of another inbox, another organization or no GUID is not found by any route', async () => {
    const [box, other] = [await make(), await make()]
    const id = await mail(box, 'mine')
    const key = await t.organization()
    for (const [who, inbox, message] of [
      [t.key, other.id, id],
      [key, box.id, id],
      [t.key, box.id, 'nothing'],
      [t.key, box.id, '<17@supplier.test>'],
    ] as const) {
      for (const [method, path] of [
        ['GET', ''],
        ['DELETE', ''],
        ['GET', '/raw'],
        ['POST', '/handle'],
        ['POST', '/unhandle'],
        ['GET', '/attachments/x'],
        ['GET', '/attachments/x/url'],
      ] as const) {
        const at = `${BASE}/${inbox}/messages/${encodeURIComponent(message)}${path}`
        expect((await t.call(method, at, { key: who })).status, `${method} ${path}`).toBe(404)
      }
    }
    expect((await t.call('GET', `${BASE}/${box.id}/messages/${id}`)).body.isHandled).toBe(false)
  })
})

describe('lists', () => {
  let box: Made
  const at: string[] = []
  beforeAll(async () => {
    box = await make()
    for (const [subject, from, size] of [
      ['b', 'Zoe <zoe@corp.test>', 10],
      ['A', 'bob_1@corp.test', 2000],
      ['c', '"Al %" <ada@corp.test>', 500],
    ] as const) {
      await t.mail(box.address, `From: ${from}\nSubject: ${subject}\n\n${'x'.repeat(size)}\n`)
      at.push((await list(box, '?limit=1')).body[0].receivedAt)
    }
    await t.call('POST', `${BASE}/${box.id}/messages/handle`, { body: { limit: 1 } })
  })

  test.each([
    ['', ['c', 'A', 'b']],
    ['?sortOrder=asc', ['b', 'A', 'c']],
    ['?sortBy=FromAddress&sortOrder=Asc', ['c', 'A', 'b']],
    ['?sortBy=subject', ['c', 'b', 'A']],
    ['?sortBy=SizeBytes', ['A', 'c', 'b']],
    ['?sortBy=SizeBytes&limit=1&page=2', ['c']],
    ['?isHandled=true', ['b']],
    ['?isHandled=false', ['c', 'A']],
    ['?fromAddress=ZOE', ['b']],
    ['?fromAddress=b_1', ['A']],
    ['?fromAddress=b%251', []],
    ['?fromAddress=%25', []],
    ['?fromAddress=Al', []],
    ['?limit=0', []],
    ['?page=2', []],
  ])('%s', async (query, expected) => {
    expect(subjects((await list(box, query)).body)).toEqual(expected)
  })

  test('bounds of time are strict, in any spelling of ISO 8601', async () => {
    const [first = '', second = '', third = ''] = at
    expect(subjects((await list(box, `?receivedAfter=${first}`)).body)).toEqual(['c', 'A'])
    expect(subjects((await list(box, `?receivedAfter=${first}&receivedBefore=${third}`)).body)).toEqual(['A'])
    const local = second.slice(0, -1)
    expect(subjects((await list(box, `?receivedAfter=${local}`)).body)).toEqual(['c'])
    const shifted = new Date(Date.parse(second) + 2 * 3_600_000).toISOString().replace('Z', '+02:00')
    expect(subjects((await list(box, `?receivedAfter=${shifted}`)).body)).toEqual(['c'])
    expect(subjects((await list(box, `?receivedAfter=${encodeURIComponent(shifted)}`)).body)).toEqual(['c'])
    expect(subjects((await list(box, '?receivedBefore=2020-01-01')).body)).toEqual([])
  })

  test('tell their totals, also alone', async () => {
    const { body, headers } = await list(box, '?limit=0&aggregate=true&isHandled=false')
    expect(body).toEqual({ items: [], totalCount: 2, page: 1, pageSize: 0, totalPages: 0 })
    expect(headers.get('x-total-count')).toBe('2')
    const counted = (await list(box, '?aggregate=true&limit=2')).body
    expect(counted).toMatchObject({ totalCount: 3, page: 1, pageSize: 2, totalPages: 2 })
    expect(counted.items).toHaveLength(2)
  })

  test.each([
    'receivedAfter=soon',
    'receivedAfter=2020',
    'isHandled=1',
    'sortBy=Name',
    'limit=5001',
    'page=1&offset=0',
  ])('?%s is refused', async (query) => {
    expect(await list(box, `?${query}`)).toMatchObject({ status: 400, body: { error: { code: 'VALIDATION_FAILED' } } })
  })

  test('hold mail of another API only as far as it was received', async () => {
    const { body } = await t.call('POST', '/api/v0/inboxes', { body: { username: 'both-ways' } })
    await t.call('POST', `/api/v0/inboxes/${body.inbox_id}/messages/send`, {
      body: { to: 'someone@example.com', subject: 'out', text: 'x' },
    })
    await t.mail('both-ways@posthouse.test', 'Subject: in\n\nx\n')
    const all = (await t.call('GET', `${BASE}?limit=1`)).body
    expect(all[0]).toMatchObject({ hookAddress: 'both-ways@posthouse.test', messageCount: 1, unhandledCount: 1 })
    const { body: items } = await t.call('GET', `${BASE}/${all[0].id}/messages`)
    expect(subjects(items)).toEqual(['in'])
    expect(items[0].expiresAt).toBeNull()
  })

  test('with many messages come whole, and every one of them once', async () => {
    const many = await make()
    for (let i = 0; i < 130; i++) await mail(many, `m${i}`, `Message-ID: <${i}@many.test>\n`)
    const { body } = await list(many, '?limit=5000&aggregate=true&sortOrder=Asc')
    expect(subjects(body.items)).toEqual(Array.from({ length: 130 }, (_, i) => `m${i}`))
    expect(body.totalCount).toBe(130)
  })

  test('with large messages between small ones come whole and in their order', async () => {
    const mixed = await make()
    const lengths = [10, 700_000, 20, 1_500_000, 600_000, 30]
    for (const length of lengths) await mail(mixed, `${length}`, '', 'x'.repeat(length))
    const { body } = await list(mixed, '?sortOrder=Asc')
    expect(subjects(body)).toEqual(lengths.map(String))
    expect(body.map(({ bodyText }: { bodyText: string }) => bodyText.trimEnd().length)).toEqual(lengths)
  })
})

describe('what has outlived its days', () => {
  test('is invisible from that moment on, in every route and every API', async () => {
    const box = await make({ ttlDays: 2 })
    const id = await mail(box, 'short')
    const { body } = await t.call('GET', `${BASE}/${box.id}/messages/${id}`)
    t.clock.advance(Date.parse(body.expiresAt) - t.clock.now() - 2)
    expect((await list(box)).body).toHaveLength(1)
    t.clock.advance(2)
    expect((await list(box)).body).toEqual([])
    expect((await list(box)).headers.get('x-total-count')).toBe('0')
    const counts = (await t.call('GET', `${BASE}/${box.id}`)).body
    expect(counts).toMatchObject({ messageCount: 0, unhandledCount: 0 })
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/handle'],
      ['POST', '/unhandle'],
      ['GET', '/raw'],
    ] as const) {
      expect((await t.call(method, `${BASE}/${box.id}/messages/${id}${path}`)).status).toBe(404)
    }
    expect((await t.call('POST', `${BASE}/${box.id}/messages/handle`)).body.items).toEqual([])
    const named = await t.call('POST', `${BASE}/${box.id}/messages/handle`, { body: { messageIds: [id] } })
    expect(named.body).toEqual({ items: [], handledCount: 0, notFoundIds: [id] })
    expect((await t.call('GET', `/api/v0/inboxes/${box.address}/messages`)).body.data).toEqual([])
    expect((await t.call('DELETE', `${BASE}/${box.id}`)).status).toBe(200)
  })

  test('is swept away, its bytes too, and handling does not keep it', async () => {
    const box = await make({ ttlDays: 1 })
    const id = await mail(box, 'swept')
    const kept = await make()
    await mail(kept, 'kept')
    await t.call('POST', `${BASE}/${box.id}/messages/${id}/handle`)
    const message = await t.app.store.read.messages.get(box.id as never, id as never)
    await t.work()
    expect(await t.app.blobs.get(message!.blobKey)).toBeDefined()
    t.clock.advance(DAY_MS + 61_000)
    await t.work()
    await t.work()
    expect(await t.app.store.read.messages.get(box.id as never, id as never)).toBeUndefined()
    expect(await t.app.blobs.get(message!.blobKey)).toBeUndefined()
    expect((await list(kept)).body).toHaveLength(1)
  })

  test('fewer days count for old mail too', async () => {
    const box = await make({ ttlDays: 10 })
    await mail(box, 'old')
    t.clock.advance(3 * DAY_MS)
    expect((await list(box)).body).toHaveLength(1)
    await t.call('PUT', `${BASE}/${box.id}`, { body: { ttlDays: 2 } })
    expect((await list(box)).body).toEqual([])
    await t.call('PUT', `${BASE}/${box.id}`, { body: { ttlDays: 4 } })
    expect((await list(box)).body).toHaveLength(1)
  })

  test('makes room for the same bytes again', async () => {
    const box = await make({ ttlDays: 1 })
    const raw = 'Message-ID: <again@corp.test>\nSubject: again\n\nx\n'
    expect((await t.mail(box.address, raw))[0]?.result).toBe('stored')
    expect((await t.mail(box.address, raw))[0]?.result).toBe('duplicate')
    t.clock.advance(DAY_MS)
    expect((await t.mail(box.address, raw))[0]?.result).toBe('stored')
    expect((await list(box)).body).toHaveLength(1)
  })
})

describe('the same bytes', () => {
  test('are kept once in an inbox, with a Message-ID or without, and again after they were deleted', async () => {
    const [box, other] = [await make(), await make()]
    for (const raw of ['Subject: no name\n\nx\n', 'Message-ID: <n@corp.test>\nSubject: named\n\nx\n']) {
      const results = async (to: string | string[]) => (await t.mail(to, raw)).map(({ result }) => result)
      expect(await results(box.address)).toEqual(['stored'])
      expect(await results(box.address)).toEqual(['duplicate'])
      expect((await results([box.address, other.address])).sort()).toEqual(['duplicate', 'stored'])
      const [{ id }] = (await list(box)).body
      await t.call('DELETE', `${BASE}/${box.id}/messages/${id}`)
      expect(await results(box.address)).toEqual(['stored'])
    }
  })

  test('under one Message-ID are another message when they are others', async () => {
    const box = await make()
    const raw = (text: string) => `Message-ID: <same@corp.test>\nSubject: ${text}\n\nx\n`
    const file = async (text: string) => (await t.mail(box.address, raw(text)))[0]?.result
    expect([await file('a'), await file('b'), await file('a'), await file('b')]).toEqual([
      'stored',
      'stored',
      'duplicate',
      'duplicate',
    ])
    const first = (await list(box, '?sortOrder=asc')).body[0]
    await t.call('DELETE', `${BASE}/${box.id}/messages/${first.id}`)
    expect(await file('b')).toBe('duplicate')
    expect(await file('a')).toBe('stored')
  })
})
