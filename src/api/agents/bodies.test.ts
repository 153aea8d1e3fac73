import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'

let t: TestApp
let inbox: string

beforeAll(async () => {
  t = await testApp()
  inbox = (await t.call('POST', '/api/v0/inboxes', { body: { username: 'conventions' } })).body.inbox_id
})
afterAll(() => t[Symbol.asyncDispose]())

describe('bodies', () => {
  const post = (body: unknown, headers = {}) => t.call('POST', '/api/v0/inboxes', { body, headers })
  const patch = (body: unknown, headers = {}) => t.call('PATCH', `/api/v0/inboxes/${inbox}`, { body, headers })

  test.each(['', '{', 'null', '[]', '"x"', '1', '{"username":}', '\u{feff}{'])(
    '%j is not a JSON object',
    async (body) => {
      expect(await post(body)).toMatchObject({
        status: 400,
        body: { name: 'ValidationError', code: 'validation_error' },
      })
    },
  )

  test('broken UTF-8 is refused', async () => {
    expect((await post(Buffer.from('7b22757365726e616d65223a22ff227d', 'hex'))).status).toBe(400)
  })

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonx',
    'multipart/form-data; boundary=x',
    'application/json; charset=latin1',
    'application/json;profile=x; Charset="UTF-16"',
    '',
  ])('the content type %j is refused for a body', async (type) => {
    const refused = await post('{"username":"typed"}', { 'content-type': type })
    expect(refused).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } })
  })

  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON;charset="UTF-8"',
    'application/json; charset=utf8',
  ])('the content type %s is taken', async (type) => {
    expect((await patch('{}', { 'content-type': type })).status).toBe(200)
  })

  test('a compressed body is refused', async () => {
    expect((await patch('{}', { 'content-encoding': 'gzip' })).status).toBe(415)
  })

  test('no body at all is an empty object', async () => {
    expect((await t.call('PATCH', `/api/v0/inboxes/${inbox}`)).status).toBe(200)
    expect((await t.call('POST', '/api/v0/inboxes')).body.errors).toEqual([
      { path: ['username'], message: 'is required' },
    ])
  })

  test('unknown fields are passed over', async () => {
    expect((await patch({ username: 'other', owner: { deep: [1] } })).body.username).toBe('conventions')
  })

  test.each([
    ['a number for a text', { username: 1 }, ['username']],
    ['a list for a text', { username: ['a'] }, ['username']],
    ['null for what is required', { username: null }, ['username']],
    ['a flag for a text', { username: 'a', display_name: true }, ['display_name']],
    ['an object for a text', { username: 'a', client_id: {} }, ['client_id']],
  ])('%s is never coerced', async (_case, body, path) => {
    expect(await post(body)).toMatchObject({ status: 400, body: { errors: [{ path }] } })
  })

  test('depth and size of what is passed over do no harm', async () => {
    const deep = `{"display_name":"deep","x":${'['.repeat(400_000)}${']'.repeat(400_000)}}`
    expect((await patch(deep)).status).toBe(200)
    expect((await patch(`{"display_name":${'['.repeat(400_000)}${']'.repeat(400_000)}}`)).status).toBe(400)
    expect((await patch('{"__proto__":{"display_name":"x"},"constructor":1}')).body.display_name).toBe('deep')
  })

  test('null is the same as absent on create', async () => {
    const made = await post({ username: 'nulls', domain: null, display_name: null, client_id: null })
    expect(made).toMatchObject({ status: 201, body: { domain: 'posthouse.test', display_name: null, client_id: null } })
  })

  test('a mebibyte is enough, whether the length is told before or not', async () => {
    const padded = (bytes: number) => `{"display_name":"x"${' '.repeat(bytes - 20)}}`
    expect((await patch(padded(1_048_576))).status).toBe(200)
    const over = padded(1_048_577)
    expect(await patch(over)).toMatchObject({ status: 413, body: { code: 'payload_too_large' } })
    expect((await patch(over, { 'content-length': String(over.length) })).status).toBe(413)
    expect((await patch(new Blob([over]).stream())).status).toBe(413)
  })

  test('a body without end is refused as soon as it is too large', async () => {
    let sent = 0
    const endless = new ReadableStream({
      pull(controller) {
        sent += 65_536
        controller.enqueue(new Uint8Array(65_536).fill(32))
      },
    })
    expect((await patch(endless)).status).toBe(413)
    expect(sent).toBeLessThan(2_000_000)
  })
})
