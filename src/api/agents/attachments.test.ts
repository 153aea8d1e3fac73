import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'

let t: TestApp
let inbox: string
beforeAll(async () => {
  t = await testApp()
  inbox = (await t.call('POST', '/api/v0/inboxes', { body: { username: 'files' } })).body.inbox_id
})
afterAll(() => t[Symbol.asyncDispose]())

const digits = '0123456789'

async function attach(type: string, filename = 'file.bin', content = digits) {
  await t.mail(
    'files@posthouse.test',
    `Subject: x\nContent-Type: ${type}\nContent-Disposition: attachment; filename="${filename}"\nContent-Transfer-Encoding: base64\n\n${Buffer.from(content).toString('base64')}\n`,
  )
  const [item] = (await t.call('GET', `/api/v0/inboxes/${inbox}/messages?page_size=1`)).body.data
  const path = `/api/v0/inboxes/${inbox}/messages/${item.message_id}/attachments/${item.attachments[0].attachment_id}`
  return { item, path, link: (await t.call('GET', path)).body }
}

const download = (url: string, headers: Record<string, string> = {}) => t.fetch(url, { headers })

describe('an attachment', () => {
  test('is described as in its message, with a link that is new each time and lives an hour', async () => {
    const { item, path, link } = await attach('application/pdf', 'engine.pdf')
    expect(link).toEqual({
      ...item.attachments[0],
      download_url: expect.stringMatching(/^http:\/\/posthouse\.test\/files\/[\w.-]+$/),
      expires_at: new Date(t.clock.now() + 3_600_000).toISOString(),
    })
    expect((await t.call('GET', path)).body.download_url).not.toBe(link.download_url)
  })

  test('of a sent message is linked alike', async () => {
    const body = {
      to: 'a@example.com',
      attachments: [{ filename: 'a.txt', content: Buffer.from('Grüße').toString('base64') }],
    }
    const { message_id } = (await t.call('POST', `/api/v0/inboxes/${inbox}/messages/send`, { body })).body
    const [part] = (await t.call('GET', `/api/v0/inboxes/${inbox}/messages/${message_id}`)).body.attachments
    const path = `/api/v0/inboxes/${inbox}/messages/${message_id}/attachments/${part.attachment_id}`
    const { download_url } = (await t.call('GET', path)).body
    expect(await (await download(download_url)).text()).toBe('Grüße')
  })

  test('of any length of name is sent at once, its name cut to 255 bytes between characters', async () => {
    const filename = `${'é'.repeat(300_000)}.txt`
    const body = { to: 'a@example.com', attachments: [{ filename, content: 'YQ==' }] }
    const { message_id } = (await t.call('POST', `/api/v0/inboxes/${inbox}/messages/send`, { body })).body
    const [part] = (await t.call('GET', `/api/v0/inboxes/${inbox}/messages/${message_id}`)).body.attachments
    expect(part.filename).toBe('é'.repeat(127))
  })

  test('is not found by another id, or under another message', async () => {
    const [one, two] = [await attach('text/plain'), await attach('text/plain')]
    const base = `/api/v0/inboxes/${inbox}/messages`
    const id = one.item.attachments[0].attachment_id
    for (const path of [
      `${base}/${two.item.message_id}/attachments/${id}`,
      `${one.path}x`,
      `${base}/msg_x/attachments/${id}`,
    ]) {
      expect(await t.call('GET', path)).toMatchObject({ status: 404, body: { code: 'not_found' } })
    }
  })
})

describe('a link', () => {
  test('gives the bytes to whoever has it, as a download that no browser runs', async () => {
    const { link } = await attach('application/pdf', 'Größe.pdf')
    for (const headers of [{}, { authorization: 'Bearer nonsense' }]) {
      const file = await download(link.download_url, headers)
      expect(file.status).toBe(200)
      expect(await file.text()).toBe(digits)
      expect(Object.fromEntries(file.headers)).toEqual({
        'content-type': 'application/pdf',
        'content-length': '10',
        'content-disposition': `attachment; filename="Gr__e.pdf"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.pdf`,
        'accept-ranges': 'bytes',
        'cache-control': 'private, no-store',
        'content-security-policy': "sandbox; default-src 'none'",
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'x-request-id': expect.any(String),
      })
    }
  })

  test.each([
    ['text/html', 'application/octet-stream'],
    ['image/svg+xml', 'application/octet-stream'],
    ['application/xhtml+xml', 'application/octet-stream'],
    ['text/xml', 'application/octet-stream'],
    ['application/rss+xml', 'application/octet-stream'],
    ['text/javascript', 'application/octet-stream'],
    ['application/x-javascript', 'application/octet-stream'],
    ['image/png', 'image/png'],
    ['text/csv', 'text/csv'],
    [
      'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
      'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    ],
  ])('to a file of type %s serves %s', async (stored, served) => {
    const { link } = await attach(stored)
    expect(link.content_type).toBe(stored)
    expect((await download(link.download_url)).headers.get('content-type')).toBe(served)
  })

  test.each([
    ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
    ['bytes=8-', 206, '89', 'bytes 8-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=5-500', 206, '56789', 'bytes 5-9/10'],
    ['bytes=0-1,3-4', 200, digits, null],
    ['nonsense', 200, digits, null],
  ])('asked for %s answers %i', async (range, status, text, contentRange) => {
    const { link } = await attach('text/plain')
    const part = await download(link.download_url, { range })
    expect([part.status, await part.text(), part.headers.get('content-range')]).toEqual([status, text, contentRange])
    expect(part.headers.get('content-length')).toBe(String(text.length))
  })

  test('asked for bytes behind the end answers 416 with the size', async () => {
    const { link } = await attach('text/plain')
    const refused = await t.call('GET', new URL(link.download_url).pathname, {
      key: null,
      headers: { range: 'bytes=10-' },
    })
    expect(refused).toMatchObject({
      status: 416,
      body: { code: 'range_not_satisfiable', request_id: expect.any(String) },
    })
    expect(refused.headers.get('content-range')).toBe('bytes */10')
  })

  test('asked with If-Range answers the whole', async () => {
    const { link } = await attach('text/plain')
    expect((await download(link.download_url, { range: 'bytes=0-1', 'if-range': '"x"' })).status).toBe(200)
  })

  test('answers HEAD with its header fields only', async () => {
    const { link } = await attach('text/plain')
    const head = await t.fetch(link.download_url, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '10', ''])
    expect((await t.fetch(link.download_url, { method: 'POST' })).status).toBe(405)
  })

  test('that was altered anywhere is refused', async () => {
    const { link } = await attach('text/plain')
    const url = new URL(link.download_url)
    const token = url.pathname.slice('/files/'.length)
    for (let at = 0; at < token.length; at++) {
      const other = token[at] === 'a' ? 'b' : 'a'
      const altered = `/files/${token.slice(0, at)}${other}${token.slice(at + 1)}`
      expect(await t.call('GET', altered, { key: null })).toMatchObject({ status: 403, body: { code: 'url_invalid' } })
    }
    for (const altered of [`${token}a`, token.slice(0, -1), `.${token}`, 'x', 'a.b.c.d.e', `${token}.`, '%zz']) {
      expect((await t.call('GET', `/files/${altered}`, { key: null })).status).toBe(403)
    }
  })

  test('cannot be made of the pieces of two others', async () => {
    const [one, two] = [await attach('text/plain'), await attach('text/html')]
    const pieces = [one, two].map(({ link }) => new URL(link.download_url).pathname.slice(7).split('.')) as [
      string[],
      string[],
    ]
    for (let at = 0; at < pieces[0].length; at++) {
      const mixed = pieces[0].with(at, pieces[1][at] ?? '')
      const status = (await t.call('GET', `/files/${mixed.join('.')}`, { key: null })).status
      expect(status).toBe(pieces[0][at] === pieces[1][at] ? 200 : 403)
    }
  })

  test('ends after an hour', async () => {
    const { link } = await attach('text/plain')
    t.clock.advance(3_599_990)
    expect((await download(link.download_url)).status).toBe(200)
    t.clock.advance(10)
    expect(await t.call('GET', new URL(link.download_url).pathname, { key: null })).toEqual({
      status: 403,
      headers: expect.anything(),
      body: {
        name: 'ForbiddenError',
        code: 'url_expired',
        message: expect.any(String),
        request_id: expect.any(String),
      },
    })
  })

  test('leads nowhere when the thread or the inbox is deleted', async () => {
    const { item, link } = await attach('text/plain')
    await t.call('DELETE', `/api/v0/inboxes/${inbox}/threads/${item.thread_id}`)
    const gone = await t.call('GET', new URL(link.download_url).pathname, { key: null })
    expect(gone).toMatchObject({ status: 404, body: { code: 'not_found' } })
    const other = await attach('text/plain')
    await t.call('DELETE', `/api/v0/inboxes/${inbox}`)
    expect((await download(other.link.download_url)).status).toBe(404)
    inbox = (await t.call('POST', '/api/v0/inboxes', { body: { username: 'files' } })).body.inbox_id
  })
})
