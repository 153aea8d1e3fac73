import { createHash, createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'

const SECRET = 'the secret of the worker'
let t: TestApp
let box: { id: string; hookAddress: string }
beforeAll(async () => {
  t = await testApp({ settings: { ingestSecret: SECRET, maxMessageBytes: 100_000 } })
  box = (await t.call('POST', '/api/v1/inbox', { body: { name: 'Pushed', maxMessageSizeBytes: 2000 } })).body
})
afterAll(() => t[Symbol.asyncDispose]())

interface Push {
  to?: string
  from?: string
  timestamp?: string
  signature?: string
}

async function push(raw: string, fields: Push = {}) {
  const { to = box.hookAddress, from = 'ada@corp.test' } = fields
  const timestamp = fields.timestamp ?? String(Math.floor(t.clock.now() / 1000))
  const sha256 = createHash('sha256').update(raw).digest('hex')
  const signature =
    fields.signature ?? createHmac('sha256', SECRET).update(`${timestamp}.${to}.${sha256}`).digest('hex')
  const response = await t.fetch('/ingest/v1/raw', {
    method: 'POST',
    body: raw,
    headers: {
      'content-type': 'message/rfc822',
      'x-envelope-from': from,
      'x-envelope-to': to,
      'x-ingest-timestamp': timestamp,
      'x-ingest-signature': signature,
    },
  })
  return { status: response.status, body: await response.json() }
}

const messages = async () => (await t.call('GET', `/api/v1/inbox/${box.id}/messages`)).body

test('a mail that is pushed is filed like any other, once', async () => {
  const raw = 'From: Ada <ada@corp.test>\r\nSubject: pushed\r\n\r\nx\r\n'
  expect(await push(raw)).toEqual({ status: 200, body: { accepted: true } })
  expect(await push(raw)).toEqual({ status: 200, body: { accepted: true } })
  expect(await messages()).toMatchObject([{ subject: 'pushed', source: 'push', fromAddress: 'ada@corp.test' }])
  expect((await push('Subject: a bounce\r\n\r\nx\r\n', { from: '' })).status).toBe(200)
})

describe('refused with what SMTP would have said', () => {
  test.each([
    [
      'an address that was guessed',
      'Subject: x\r\n\r\nx',
      'habcd1234-mp0fzxf7bpb449b9@posthouse.test',
      404,
      550,
      '5.1.1',
    ],
    ['a mailbox that is not there', 'Subject: x\r\n\r\nx', 'nobody@posthouse.test', 404, 550, '5.1.1'],
    ['a domain that is not ours', 'Subject: x\r\n\r\nx', 'a@example.com', 404, 550, '5.7.1'],
    ['a mail beyond the inbox', `Subject: x\r\n\r\n${'x'.repeat(2001)}`, undefined, 413, 552, '5.3.4'],
    ['a mail beyond the server', `Subject: x\r\n\r\n${'x'.repeat(100_001)}`, undefined, 413, 552, '5.3.4'],
  ])('%s', async (_case, raw, to, status, code, enhancedCode) => {
    const answer = await push(raw, to === undefined ? {} : { to })
    expect(answer).toMatchObject({
      status,
      body: { error: { message: expect.any(String) }, smtp: { code, enhancedCode } },
    })
    expect(answer.body.smtp.reject).toMatch(new RegExp(`^${code} ${enhancedCode} `))
  })

  test('an inbox that is disabled', async () => {
    await t.call('PUT', `/api/v1/inbox/${box.id}`, { body: { enabled: false } })
    const answer = await push('Subject: off\r\n\r\nx')
    await t.call('PUT', `/api/v1/inbox/${box.id}`, { body: { enabled: true } })
    expect(answer).toMatchObject({ status: 403, body: { smtp: { code: 550, enhancedCode: '5.2.1' } } })
  })
})

describe('who cannot sign', () => {
  const raw = 'Subject: forged\r\n\r\nx'
  test.each([
    ['another signature', { signature: 'a'.repeat(64) }],
    ['no signature', { signature: '' }],
    ['a time long ago', { timestamp: '1000000000' }],
    ['a time to come', { timestamp: '99999999999' }],
    ['no time', { timestamp: 'now' }],
  ])('with %s pushes nothing', async (_case, fields) => {
    expect(await push(raw, fields)).toMatchObject({ status: 401, body: { error: { code: 'UNAUTHENTICATED' } } })
  })

  test('for one address cannot push to another, nor other bytes', async () => {
    const timestamp = String(Math.floor(t.clock.now() / 1000))
    const sha256 = createHash('sha256').update(raw).digest('hex')
    const signature = createHmac('sha256', SECRET).update(`${timestamp}.other@posthouse.test.${sha256}`).digest('hex')
    expect((await push(raw, { timestamp, signature })).status).toBe(401)
    const own = createHmac('sha256', SECRET).update(`${timestamp}.${box.hookAddress}.${sha256}`).digest('hex')
    expect((await push(`${raw}!`, { timestamp, signature: own })).status).toBe(401)
    expect((await push(raw, { timestamp, signature: own })).status).toBe(200)
  })
})

test('without a secret there is no such way in', async () => {
  await using closed = await testApp()
  const response = await closed.fetch('/ingest/v1/raw', { method: 'POST', body: 'x' })
  expect(response.status).toBe(404)
})
