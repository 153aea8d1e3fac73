import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'

const BASE = '/api/v1/inbox'
const mail = `From: a@corp.test
Subject: files
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

see
--b
Content-Type: text/html
Content-Disposition: attachment; filename="page \u202e€.html"

<script>alert(1)</script>
--b
Content-Type: application/pdf
Content-Disposition: inline; filename=plan.pdf
Content-ID: <plan@corp>
Content-Transfer-Encoding: base64

JVBERi0xLjQ=
--b--
`

let t: TestApp
let path: string
let box: { id: string; hookAddress: string; scopeId: string; projectId: string }
// biome-ignore lint/suspicious/noExplicitAny: an answer
let message: any
beforeAll(async () => {
  t = await testApp()
  box = (await t.call('POST', BASE, { body: { name: 'Files', ttlDays: 2 } })).body
  await t.mail(box.hookAddress, Buffer.from(mail.replaceAll('\n', '\r\n')))
  const [item] = (await t.call('GET', `${BASE}/${box.id}/messages`)).body
  message = item
  path = `${BASE}/${box.id}/messages/${item.id}/attachments`
})
afterAll(() => t[Symbol.asyncDispose]())

test('a message describes its files, and links to them', async () => {
  const [page, plan] = message.attachments
  expect(page).toMatchObject({ fileName: 'page €.html', contentType: 'text/html', isInline: false, contentId: null })
  expect(plan).toMatchObject({ fileName: 'plan.pdf', contentType: 'application/pdf', sizeBytes: 8, isInline: true })
  expect(plan.sha256).toMatch(/^[0-9a-f]{64}$/)
  expect(Date.parse(plan.downloadUrlExpiresAt) - t.clock.now()).toBeGreaterThan(3_590_000)
  const place = `http://posthouse.test/files/inbox/${box.scopeId}/${box.projectId}/${box.id}/${message.id}/${plan.id}?`
  expect(plan.downloadUrl.startsWith(place)).toBe(true)
  const file = await t.fetch(plan.downloadUrl)
  expect(await file.text()).toBe('%PDF-1.4')
  expect(file.headers.get('content-type')).toBe('application/pdf')
})

test('what a browser could run comes as plain bytes, with a name that every client reads', async () => {
  const file = await t.fetch(message.attachments[0].downloadUrl)
  expect(Object.fromEntries(file.headers)).toMatchObject({
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename="page _.html"; filename*=UTF-8''page%20%E2%82%AC.html`,
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'",
    'cache-control': 'private, no-store',
  })
})

test('a file without a name has one made of its type, in lists and when it is saved', async () => {
  const types: Record<string, string> = {
    'image/svg+xml': 'svg',
    'IMAGE/JPEG': 'jpg',
    'text/calendar': 'ics',
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
    'message/delivery-status': 'txt',
    'application/octet-stream': 'bin',
    'application/x-"/../..': 'bin',
  }
  const parts = Object.keys(types).map((type) => {
    return `--b\r\nContent-Type: ${type}\r\nContent-Disposition: attachment\r\n\r\nx\r\n`
  })
  const head = 'From: a@corp.test\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n'
  await t.mail(box.hookAddress, `${head}--b\r\n\r\nWords\r\n${parts.join('')}--b--\r\n`)
  const [{ attachments }] = (await t.call('GET', `${BASE}/${box.id}/messages`)).body
  const names = Object.values(types).map((ending, at) => `attachment-${at + 1}.${ending}`)
  expect(attachments.map(({ fileName }: { fileName: string }) => fileName)).toEqual(names)
  for (const [at, { downloadUrl }] of attachments.entries()) {
    const saved = (await t.fetch(downloadUrl)).headers.get('content-disposition')
    expect(saved).toContain(`filename="${names[at]}"`)
  }
})

test('the redirect leads to the file, and whoever follows it with the key gets it too', async () => {
  const { status, headers } = await t.call('GET', `${path}/${message.attachments[1].id}`)
  expect(status).toBe(302)
  expect(headers.get('cache-control')).toBe('no-store')
  const location = headers.get('location') ?? ''
  for (const authorization of [`Bearer ${t.key}`, 'Bearer nonsense']) {
    expect(await (await t.fetch(location, { headers: { authorization } })).text()).toBe('%PDF-1.4')
  }
  const part = await t.fetch(location, { headers: { range: 'bytes=0-3' } })
  expect({ status: part.status, text: await part.text() }).toEqual({ status: 206, text: '%PDF' })
})

test.each([
  ['', 3600],
  ['?expirySeconds=60', 60],
  ['?expirySeconds=86400', 86_400],
])('a link asked for with %j lives as long as that', async (query, seconds) => {
  const { body } = await t.call('GET', `${path}/${message.attachments[1].id}/url${query}`)
  const exp = Number(new URL(body.downloadUrl).searchParams.get('exp'))
  expect(exp * 1000).toBe(Date.parse(body.downloadUrlExpiresAt))
  expect(exp).toBe(Math.floor(t.clock.now() / 1000) + seconds)
})

test.each(['59', '86401', 'x', '60.5', '-60'])('expirySeconds=%s is refused', async (seconds) => {
  const { status, body } = await t.call('GET', `${path}/${message.attachments[1].id}/url?expirySeconds=${seconds}`)
  expect({ status, code: body.error.code }).toEqual({ status: 400, code: 'VALIDATION_FAILED' })
})

test('a link that was altered, or has ended, opens nothing', async () => {
  const { body } = await t.call('GET', `${path}/${message.attachments[1].id}/url?expirySeconds=60`)
  const link = new URL(body.downloadUrl)
  for (const [name, value] of [
    ['exp', '9999999999'],
    ['kid', '2'],
    ['sig', 'AAAA'],
    ['sig', ''],
  ] as const) {
    const altered = new URL(link)
    altered.searchParams.set(name, value)
    expect((await t.fetch(altered.href)).status).toBe(403)
  }
  const other = link.href.replace(message.attachments[1].id, message.attachments[0].id)
  expect((await t.fetch(other)).status).toBe(403)
  t.clock.advance(60_000)
  expect((await t.fetch(link.href)).status).toBe(403)
})

test('a file of another message, or none, is not found', async () => {
  for (const id of ['00000000-0000-4000-8000-000000000000', 'x', message.id]) {
    expect((await t.call('GET', `${path}/${id}`)).status).toBe(404)
    expect((await t.call('GET', `${path}/${id}/url`)).status).toBe(404)
  }
  const key = await t.organization()
  expect((await t.call('GET', `${path}/${message.attachments[1].id}/url`, { key })).status).toBe(404)
})

test('a link to a message that is gone or over leads nowhere', async () => {
  const fresh = async () => (await t.call('GET', `${path}/${message.attachments[1].id}/url?expirySeconds=86400`)).body
  t.clock.advance(Date.parse(message.expiresAt) - t.clock.now() - 5_000)
  const { downloadUrl } = await fresh()
  expect((await t.fetch(downloadUrl)).status).toBe(200)
  t.clock.advance(5_000)
  expect((await t.fetch(downloadUrl)).status).toBe(404)
  await t.call('PUT', `${BASE}/${box.id}`, { body: { ttlDays: 30 } })
  expect((await t.fetch(downloadUrl)).status).toBe(200)
  await t.call('DELETE', `${BASE}/${box.id}/messages/${message.id}`)
  expect((await t.fetch(downloadUrl)).status).toBe(404)
})
