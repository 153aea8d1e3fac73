import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { agentmail, refusalOf } from '../../../../test/support/agentmail.ts'
import { type TestApp, testApp } from '../../../../test/support/app.ts'
import { unique } from '../../../../test/support/builders.ts'

let t: TestApp
beforeAll(async () => {
  t = await testApp({ settings: { signUp: true } })
})
afterAll(() => t[Symbol.asyncDispose]())
beforeEach(() => t.clock.advance(120_000))

const HUMAN = 'Human@Example.com'
const signUp = (fields: object = {}) => {
  const body = { human_email: `${unique('human')}@example.com`, username: unique('agent'), ...fields }
  return t.call('POST', '/v0/agent/sign-up', { key: null, body })
}
const send = (key: string, inbox: string, to: string) =>
  t.call('POST', `/api/v0/inboxes/${inbox}/messages/send`, { key, body: { to, subject: 'x', text: 'x' } })

/** What the sandbox kept of mail to somebody, the newest first. */
async function codesFor(human: string): Promise<string[]> {
  await t.work()
  const { data } = (await t.call('GET', '/api/v0/captured?page_size=100')).body
  const own = data.filter((mail: { recipients: string[] }) => mail.recipients.includes(human))
  return own.map((mail: { subject: string }) => /\d{6}$/.exec(mail.subject)?.[0] ?? mail.subject)
}
const wrong = (code: string) => (code === '000000' ? '000001' : '000000')

test('by the official client an agent gets an inbox, writes to its human, and is verified with the code that its human got', async () => {
  const nobody = agentmail(t, 'none')
  const made = await nobody.agent.signUp({ humanEmail: HUMAN, username: 'Helper', source: 'test' })
  expect(made).toMatchObject({ inboxId: 'helper@posthouse.test' })
  const client = agentmail(t, made.apiKey)
  expect((await client.organizations.get()).organizationId).toBe(made.organizationId)
  expect((await client.organizations.get()).domainLimit).toBe(0)
  const domain = { key: made.apiKey, body: { domain: 'own.example' } }
  expect(await t.call('POST', '/api/v0/domains', domain)).toMatchObject({
    status: 403,
    body: { code: 'limit_exceeded' },
  })
  expect(await refusalOf(client.inboxes.create({}))).toEqual({ status: 403, code: 'limit_exceeded' })
  const to = (address: string) => client.inboxes.messages.send(made.inboxId, { to: [address], text: 'x' })
  expect(await refusalOf(to('else@example.com'))).toEqual({ status: 403, code: 'message_rejected' })
  await to('human@example.COM')
  const [code = ''] = await codesFor('human@example.com').then((all) => all.filter((text) => /^\d{6}$/.test(text)))
  expect(await refusalOf(client.agent.verify({ otpCode: wrong(code) }))).toEqual({
    status: 400,
    code: 'validation_error',
  })
  expect(await client.agent.verify({ otpCode: code })).toEqual({ verified: true })
  expect(await client.agent.verify({ otpCode: wrong(code) })).toEqual({ verified: true })
  await to('else@example.com')
  await client.inboxes.create({})
  expect((await client.organizations.get()).domainLimit).toBe(10)
})

describe('until it is verified', () => {
  test('an organization sends ten mails a day, whatever inbox they come from', async () => {
    const human = `${unique('human')}@example.com`
    const { body } = await signUp({ human_email: human })
    const answers = await Promise.all(Array.from({ length: 12 }, () => send(body.api_key, body.inbox_id, human)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(10)
    const refused = answers.find(({ status }) => status !== 200)
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limit_exceeded' } })
    await t.call('DELETE', `/v0/inboxes/${body.inbox_id}`, { key: body.api_key })
    const other = (await t.call('POST', '/v0/inboxes', { key: body.api_key, body: {} })).body.inbox_id
    expect((await send(body.api_key, other, human)).status).toBe(429)
    t.clock.advance(24 * 3_600_000)
    expect((await send(body.api_key, other, human)).status).toBe(200)
  })

  test('nobody else is written to in an answer either', async () => {
    const { body } = await signUp()
    await t.mail(body.inbox_id, 'From: stranger@example.com\nMessage-ID: <s@example.com>\n\nhi')
    const path = `/v0/inboxes/${body.inbox_id}/messages/${encodeURIComponent('<s@example.com>')}/reply`
    const refused = await t.call('POST', path, { key: body.api_key, body: { text: 'hello' } })
    expect(refused).toMatchObject({ status: 403, body: { code: 'message_rejected' } })
  })
})

describe('signing up again for the same human', () => {
  test('before it is verified gives a new key and ends the old one', async () => {
    const human_email = `${unique('human')}@example.com`
    const first = (await signUp({ human_email })).body
    t.clock.advance(60_000)
    const second = (await signUp({ human_email: human_email.toUpperCase() })).body
    expect({ ...second, api_key: '' }).toEqual({ ...first, api_key: '' })
    expect((await t.call('GET', '/v0/auth/me', { key: first.api_key })).status).toBe(401)
    expect((await t.call('GET', '/v0/inboxes', { key: second.api_key })).body.count).toBe(1)
  })

  test('after it is verified opens nothing until the code is given, and the old key lives until then', async () => {
    const human_email = `${unique('human')}@example.com`
    const first = (await signUp({ human_email })).body
    const verify = (key: string, otp_code: string) => t.call('POST', '/v0/agent/verify', { key, body: { otp_code } })
    const [code = ''] = await codesFor(human_email)
    expect((await verify(first.api_key, code)).status).toBe(200)
    t.clock.advance(60_000)
    const second = (await signUp({ human_email })).body
    const list = (key: string) => t.call('GET', '/v0/inboxes', { key })
    expect((await list(second.api_key)).status).toBe(403)
    expect((await list(first.api_key)).status).toBe(200)
    expect((await verify(second.api_key, code)).status).toBe(400)
    const [next = ''] = await codesFor(human_email)
    expect((await verify(second.api_key, next)).status).toBe(200)
    expect((await list(second.api_key)).status).toBe(200)
    expect((await list(first.api_key)).status).toBe(401)
  })

  test('sends no second code within a minute', async () => {
    const human_email = `${unique('human')}@example.com`
    await signUp({ human_email })
    const { body } = await signUp({ human_email })
    expect(await codesFor(human_email)).toHaveLength(1)
    const [otp_code] = await codesFor(human_email)
    expect((await t.call('POST', '/v0/agent/verify', { key: body.api_key, body: { otp_code } })).status).toBe(200)
  })

  test('ten times at once makes one organization', async () => {
    const fields = { human_email: `${unique('human')}@example.com`, username: unique('agent') }
    const made = await Promise.all(Array.from({ length: 10 }, () => signUp(fields)))
    expect(new Set(made.map(({ body }) => body.organization_id)).size).toBe(1)
    const alive = await Promise.all(made.map(({ body }) => t.call('GET', '/v0/auth/me', { key: body.api_key })))
    expect(alive.filter(({ status }) => status === 200)).toHaveLength(1)
  })
})

describe('a code', () => {
  test('may be tried ten times', async () => {
    const human_email = `${unique('human')}@example.com`
    const { body } = await signUp({ human_email })
    const [code = ''] = await codesFor(human_email)
    const verify = (otp_code: string) => t.call('POST', '/v0/agent/verify', { key: body.api_key, body: { otp_code } })
    for (let i = 0; i < 10; i++) expect((await verify(wrong(code))).status).toBe(400)
    expect((await verify(code)).status).toBe(400)
  })

  test('is good for a day', async () => {
    const human_email = `${unique('human')}@example.com`
    const { body } = await signUp({ human_email })
    const [otp_code = ''] = await codesFor(human_email)
    t.clock.advance(24 * 3_600_000)
    const late = await t.call('POST', '/v0/agent/verify', { key: body.api_key, body: { otp_code } })
    expect(late).toMatchObject({ status: 400, body: { errors: [{ path: ['otp_code'] }] } })
  })

  test('of another organization does not do', async () => {
    const human_email = `${unique('human')}@example.com`
    await signUp({ human_email })
    const other = (await signUp()).body
    const [otp_code = ''] = await codesFor(human_email)
    expect((await t.call('POST', '/v0/agent/verify', { key: other.api_key, body: { otp_code } })).status).toBe(400)
    expect((await t.call('POST', '/v0/agent/verify', { body: { otp_code } })).status).toBe(404)
    expect((await t.call('POST', '/v0/agent/verify', { key: null, body: { otp_code } })).status).toBe(401)
  })
})

test.each([
  ['human_email', { human_email: 'nobody' }],
  ['human_email', { human_email: 'a@example.com\r\nBcc: b@example.com' }],
  ['human_email', { human_email: 7 }],
  ['username', { username: 'a b' }],
  ['username', { username: 'postmaster' }],
  ['username', { username: 'x\r\nBcc: y' }],
  ['source', { source: 'x'.repeat(2049) }],
  ['referrer', { referrer: 'x'.repeat(2049) }],
])('a sign-up with a bad %s is refused: %j', async (field, fields) => {
  expect(await signUp(fields)).toMatchObject({ status: 400, body: { errors: [{ path: [field] }] } })
})

test('a name that is taken is refused, and leaves nothing behind', async () => {
  await t.call('POST', '/v0/inboxes', { body: { username: 'taken' } })
  const human_email = `${unique('human')}@example.com`
  expect(await signUp({ human_email, username: 'taken' })).toMatchObject({
    status: 403,
    body: { code: 'resource_taken' },
  })
  expect(await codesFor(human_email)).toEqual([])
  expect((await signUp({ human_email })).status).toBe(200)
})

test('where the operator does not allow it nobody signs up', async () => {
  await using closed = await testApp()
  const body = { human_email: 'a@example.com', username: 'agent' }
  expect((await closed.call('POST', '/v0/agent/sign-up', { key: null, body })).status).toBe(404)
})
