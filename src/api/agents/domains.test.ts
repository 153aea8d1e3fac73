import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'
import { DnsServer, type Zone } from '../../../test/support/dns-server.ts'
import { publish } from '../../../test/support/published.ts'
import { verifyDkim } from '../../protocol/dkim/verify-dkim.ts'
import { DnsResolver } from '../../transport/dns/dns-resolver.ts'

const SECOND = 1000
const HOUR = 3600 * SECOND

let t: TestApp
let dns: DnsServer
beforeAll(async () => {
  t = await testApp({ settings: { route: { kind: 'direct' } } })
  dns = await DnsServer.start({})
  const asking = { clock: t.clock, servers: [dns.address], timeoutMs: 100, tries: 1 }
  t.app.resolver = new DnsResolver(asking)
  t.app.freshResolver = new DnsResolver({ ...asking, keep: false })
})
afterAll(async () => {
  await dns[Symbol.asyncDispose]()
  await t[Symbol.asyncDispose]()
})

const create = (body: object, key = t.key) => t.call('POST', '/api/v0/domains', { body, key })
const get = (name: string, key = t.key) => t.call('GET', `/api/v0/domains/${name}`, { key })
const remove = (name: string, key = t.key) => t.call('DELETE', `/api/v0/domains/${name}`, { key })
const verify = (name: string, key = t.key) => {
  t.clock.advance(10 * SECOND)
  return t.call('POST', `/api/v0/domains/${name}/verify`, { key })
}
const inbox = (username: string, domain: string, key = t.key) =>
  t.call('POST', '/api/v0/inboxes', { body: { username, domain }, key })

// biome-ignore lint/suspicious/noExplicitAny: JSON of an answer
const statusesOf = ({ body }: any) => body.records.map((r: { status: string }) => r.status)
const ALL_VALID = Array(5).fill('VALID')

/** A domain whose records are all in the DNS. */
async function verified(name: string, key = t.key, fields: object = {}) {
  const made = await create({ domain: name, ...fields }, key)
  dns.zone = { ...dns.zone, ...publish(...made.body.records) }
  const { body } = await verify(name, key)
  expect(body.status).toBe('VERIFIED')
  return body
}

const eventsOf = async (name: string) => {
  const events = await t.app.store.read.events.after(0, 10_000)
  return events.filter((e) => e.type === 'domain.verified' && e.payload.name === name).length
}

describe('adding a domain', () => {
  test('answers the records to publish', async () => {
    const made = await create({ domain: 'Shop.Example.' })
    expect(made.status).toBe(201)
    const record = { status: 'MISSING', found: [], required: true }
    expect(made.body).toEqual({
      domain_id: 'shop.example',
      status: 'PENDING',
      feedback_enabled: true,
      records: [
        { ...record, type: 'MX', name: 'shop.example', value: 'mail.posthouse.test', priority: 10 },
        { ...record, type: 'TXT', name: 'shop.example', value: 'v=spf1 mx ~all', priority: null },
        {
          ...{ ...record, type: 'TXT', name: 'dkim._domainkey.shop.example', priority: null },
          value: expect.stringMatching(/^v=DKIM1; k=rsa; p=[\w+/=]{390,}$/),
        },
        {
          ...{ ...record, type: 'TXT', name: '_dmarc.shop.example', priority: null },
          value: 'v=DMARC1; p=none; rua=mailto:postmaster@shop.example',
        },
        {
          ...{ ...record, type: 'TXT', name: 'dkim-ed._domainkey.shop.example', priority: null, required: false },
          value: expect.stringMatching(/^v=DKIM1; k=ed25519; p=[\w+/]{43}=$/),
        },
      ],
      created_at: expect.stringMatching(/\.\d{3}Z$/),
      updated_at: made.body.created_at,
    })
    expect((await get('shop.example')).body).toEqual(made.body)
    expect((await get('SHOP.Example.')).body).toEqual(made.body)
    expect((await create({ domain: 'bücher.example' })).body.domain_id).toBe('xn--bcher-kva.example')
    expect((await get('b%C3%BCcher.example')).status).toBe(200)
  })

  test.each([
    ['domain', {}],
    ['domain', { domain: 7 }],
    ['domain', { domain: null }],
    ['domain', { domain: '' }],
    ['domain', { domain: 'co.uk' }],
    ['domain', { domain: '192.0.2.1' }],
    ['domain', { domain: 'intranet' }],
    ['domain', { domain: 'posthouse.test' }],
    ['domain', { domain: 'POSTHOUSE.test.' }],
    ['domain', { domain: 'a.example\r\nX: y' }],
    ['feedback_enabled', { domain: 'a.example', feedback_enabled: 'yes' }],
  ])('refuses a bad %s: %j', async (field, body) => {
    const refused = await create(body)
    expect(refused).toMatchObject({ status: 400, body: { code: 'validation_error' } })
    expect(refused.body.errors[0].path).toEqual([field])
  })

  test('again answers the one that is there, or a conflict when something differs', async () => {
    const first = await create({ domain: 'again.example', feedback_enabled: false })
    expect(first.body.feedback_enabled).toBe(false)
    for (const body of [{ domain: 'again.example' }, { domain: 'AGAIN.example', feedback_enabled: false }]) {
      expect(await create(body)).toMatchObject({ status: 200, body: first.body })
    }
    const refused = await create({ domain: 'again.example', feedback_enabled: true })
    expect(refused).toMatchObject({ status: 409, body: { code: 'conflict' } })
  })

  test('twenty at once cannot pass a limit together', async () => {
    const key = await t.organization({ domainLimit: 2 })
    await create({ domain: 'first.limit.example' }, key)
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => create({ domain: `${n}.limit.example` }, key)),
    )
    expect(answers.map((a) => a.status).sort()).toEqual([201, ...Array(19).fill(403)])
    expect(answers.find((a) => a.status === 403)?.body.code).toBe('limit_exceeded')
    const counts = async () => (await t.call('GET', '/api/v0/organizations', { key })).body
    expect(await counts()).toMatchObject({ domain_count: 2, domain_limit: 2 })
    await remove('first.limit.example', key)
    expect(await counts()).toMatchObject({ domain_count: 1 })
    expect((await create({ domain: 'last.limit.example' }, key)).status).toBe(201)
  })

  test('keys that may not are refused', async () => {
    const reader = (await t.call('POST', '/api/v0/api-keys', { body: { name: 'r', scopes: ['read'] } })).body.key
    const box = (await t.call('POST', '/api/v0/inboxes', { body: { username: 'restricted' } })).body.inbox_id
    const restricted = (await t.call('POST', '/api/v0/api-keys', { body: { name: 'x', inbox_id: box } })).body.key
    await create({ domain: 'keys.example' })
    expect((await get('keys.example', reader)).status).toBe(200)
    const refused = [
      await create({ domain: 'no.example' }, reader),
      await remove('keys.example', reader),
      await verify('keys.example', reader),
      await create({ domain: 'no.example' }, restricted),
      await get('keys.example', restricted),
      await t.call('GET', '/api/v0/domains', { key: restricted }),
    ]
    for (const answer of refused) expect(answer).toMatchObject({ status: 403, body: { code: 'missing_permission' } })
  })
})

test('the list is newest first, in pages, with records', async () => {
  const key = await t.organization()
  const made = []
  for (const n of [1, 2, 3]) made.unshift((await create({ domain: `${n}.list.example` }, key)).body)
  const all = await t.call('GET', '/api/v0/domains', { key })
  expect(all.body).toEqual({ data: made, total: 3, page: 1, page_size: 20 })
  const second = await t.call('GET', '/api/v0/domains?page=2&page_size=2', { key })
  expect(second.body).toEqual({ data: [made[2]], total: 3, page: 2, page_size: 2 })
})

describe('verifying', () => {
  test('a record at a time, until the domain is verified, which is told once', async () => {
    const { records } = (await create({ domain: 'step.example' })).body
    expect(statusesOf(await verify('step.example'))).toEqual(Array(5).fill('MISSING'))

    const wrong: Zone = {
      'step.example': { mx: [{ exchange: 'mx.elsewhere.test', priority: 5 }], txt: ['v=spf1 -all', 'hello'] },
      'dkim._domainkey.step.example': { txt: ['v=DKIM1; k=rsa; p=AAAA'] },
      '_dmarc.step.example': { txt: ['v=DMARC1; p=none', 'v=DMARC1; p=reject'] },
      'dkim-ed._domainkey.step.example': { txt: ['v=DKIM1; k=ed25519; p=AAAA'] },
    }
    dns.zone = { ...dns.zone, ...wrong }
    const checked = await verify('step.example')
    expect(statusesOf(checked)).toEqual(Array(5).fill('INVALID'))
    expect(checked.body.records.map((r: { found: string[] }) => r.found)).toEqual([
      ['5 mx.elsewhere.test'],
      ['v=spf1 -all'],
      ['v=DKIM1; k=rsa; p=AAAA'],
      ['v=DMARC1; p=none', 'v=DMARC1; p=reject'],
      ['v=DKIM1; k=ed25519; p=AAAA'],
    ])
    expect(checked.body.status).toBe('PENDING')

    for (const [at, record] of records.entries()) {
      const before: Zone = { ...dns.zone }
      const shown = publish(...records.slice(0, at + 1))
      dns.zone = { ...before, ...shown }
      const { body } = await verify('step.example')
      // The last one may be left out.
      const done = at >= records.length - 2
      expect(body.records.find((r: { value: string }) => r.value === record.value).status).toBe('VALID')
      expect([body.status, await eventsOf('step.example')]).toEqual(done ? ['VERIFIED', 1] : ['PENDING', 0])
    }
    const again = await verify('step.example')
    expect([again.body.status, statusesOf(again), await eventsOf('step.example')]).toEqual(['VERIFIED', ALL_VALID, 1])
    expect((await get('step.example')).body).toEqual(again.body)
  })

  test('sees what was published a moment ago', async () => {
    const { records } = (await create({ domain: 'moment.example' })).body
    await verify('moment.example')
    dns.zone = { ...dns.zone, ...publish(...records) }
    expect((await verify('moment.example')).body.status).toBe('VERIFIED')
  })

  test('more than once in ten seconds is refused', async () => {
    await create({ domain: 'often.example' })
    const path = '/api/v0/domains/often.example/verify'
    expect((await t.call('POST', path)).status).toBe(200)
    const refused = await t.call('POST', path)
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limit_exceeded' } })
    expect(refused.headers.get('retry-after')).toBe('10')
    expect(refused.headers.get('x-ratelimit-limit')).toBe('1')
    expect(refused.headers.get('x-ratelimit-remaining')).toBe('0')
    expect(Number(refused.headers.get('x-ratelimit-reset'))).toBe(Math.ceil((t.clock.now() + 9_999) / 1000))
    expect((await verify('often.example')).status).toBe(200)
    const twins = await Promise.all([1, 2, 3].map(() => t.call('POST', path)))
    expect(twins.map((a) => a.status)).toEqual([429, 429, 429])
  })

  test('where the DNS fails, what was known stays', async () => {
    const { records } = await verified('shaky.example')
    const away = records.map((r: { name: string }, at: number) => [
      r.name,
      at === 2 ? { timeout: true } : { servfail: true },
    ])
    dns.zone = { ...dns.zone, ...Object.fromEntries(away) }
    const { body } = await verify('shaky.example')
    expect([body.status, statusesOf({ body })]).toEqual(['VERIFIED', ALL_VALID])
    expect(body.records[0].found).toEqual(['10 mail.posthouse.test'])
  })

  test('a DNS that never answers costs nobody more than nine seconds', async () => {
    await create({ domain: 'silent.example' })
    const { freshResolver } = t.app
    const asked = Promise.withResolvers<void>()
    const never = () => {
      asked.resolve()
      return new Promise<never>(() => {})
    }
    t.app.freshResolver = { ...freshResolver, txt: never, mx: never }
    const answer = verify('silent.example')
    await asked.promise
    t.clock.advance(9 * SECOND)
    expect(await answer).toMatchObject({ status: 200, body: { status: 'PENDING' } })
    t.app.freshResolver = freshResolver
  })

  test('what another organization has verified is taken; what it only wants is not', async () => {
    const [first, second] = [await t.organization(), await t.organization()]
    const mine = (await create({ domain: 'rivals.example' }, first)).body
    const yours = (await create({ domain: 'rivals.example' }, second)).body
    expect(yours.records[2].value).not.toBe(mine.records[2].value)
    dns.zone = { ...dns.zone, ...publish(...mine.records) }
    expect((await verify('rivals.example', second)).body.status).toBe('PENDING')
    expect((await verify('rivals.example', first)).body.status).toBe('VERIFIED')
    const third = await create({ domain: 'rivals.example' }, await t.organization())
    expect(third).toMatchObject({ status: 409, body: { code: 'resource_taken' } })
    dns.zone = { ...dns.zone, ...publish(...yours.records) }
    expect(await verify('rivals.example', second)).toMatchObject({ status: 409, body: { code: 'resource_taken' } })
    expect((await get('rivals.example', second)).body).toMatchObject({ status: 'PENDING' })
    expect((await get('rivals.example', first)).body).toMatchObject({ status: 'VERIFIED' })
  })
})

describe('a domain that loses its records', () => {
  const daily = async (days: number) => {
    for (let day = 0; day < days; day++) {
      t.clock.advance(24 * HOUR + 1)
      await t.work()
    }
  }

  test('stays verified for three days of daily checks, and then sends no more, while it receives', async () => {
    const name = 'lost.example'
    const { records } = await verified(name)
    const made = (await inbox('desk', name)).body
    await daily(2)
    expect((await get(name)).body.status).toBe('VERIFIED')
    const shown = { ...dns.zone }
    dns.zone = Object.fromEntries(Object.entries(shown).filter(([key]) => !key.endsWith(name)))
    await daily(1)
    expect((await get(name)).body).toMatchObject({
      status: 'VERIFIED',
      records: [{ status: 'MISSING' }, {}, {}, {}, {}],
    })
    await daily(2)
    const send = () =>
      t.call('POST', `/api/v0/inboxes/${made.inbox_id}/messages/send`, { body: { to: 'a@b.test', text: 'x' } })
    expect((await send()).status).toBe(200)
    await daily(1)
    expect((await get(name)).body.status).toBe('FAILED')
    expect(await send()).toMatchObject({ status: 403, body: { code: 'domain_not_verified' } })
    expect((await inbox('late', name)).status).toBe(403)
    const mail = 'From: ada@example.com\nSubject: Hi\n\nHello'
    expect(await t.mail(`desk@${name}`, mail)).toMatchObject([{ result: 'stored' }])
    const message = (await t.call('GET', `/api/v0/inboxes/${made.inbox_id}/messages?direction=inbound`)).body.data[0]
    const reply = `/api/v0/inboxes/${made.inbox_id}/messages/${message.message_id}`
    expect((await t.call('POST', `${reply}/reply`, { body: { text: 'x' } })).status).toBe(403)
    expect((await t.call('POST', `${reply}/forward`, { body: { to: 'a@b.test' } })).status).toBe(403)
    await daily(1)
    expect((await get(name)).body.status).toBe('FAILED')

    expect((await verify(name)).body.status).toBe('PENDING')
    dns.zone = { ...dns.zone, ...publish(...records) }
    expect((await verify(name)).body.status).toBe('VERIFIED')
    expect(await eventsOf(name)).toBe(2)
    expect((await send()).status).toBe(200)
  })

  test('is forgiven when they come back in time, and the three days begin anew', async () => {
    const name = 'flaky.example'
    const { records } = await verified(name)
    const gone = () => {
      dns.zone = Object.fromEntries(Object.entries(dns.zone).filter(([key]) => !key.endsWith(name)))
    }
    gone()
    await daily(2)
    dns.zone = { ...dns.zone, ...publish(...records) }
    await daily(1)
    gone()
    await daily(2)
    expect((await get(name)).body.status).toBe('VERIFIED')
    expect(await eventsOf(name)).toBe(1)
  })

  test('the daily check verifies what was published meanwhile', async () => {
    const { records } = (await create({ domain: 'patient.example' })).body
    dns.zone = { ...dns.zone, ...publish(...records) }
    await daily(1)
    expect((await get('patient.example')).body.status).toBe('VERIFIED')
    expect(await eventsOf('patient.example')).toBe(1)
  })
})

describe('inboxes on own domains', () => {
  test('need a verified domain of the organization', async () => {
    await create({ domain: 'wait.example' })
    expect(await inbox('a', 'wait.example')).toMatchObject({ status: 403, body: { code: 'domain_not_verified' } })
    await verified('own.example')
    expect(await inbox('a', 'Own.Example')).toMatchObject({
      status: 201,
      body: { email_address: 'a@own.example', domain: 'own.example' },
    })
    const stranger = await t.organization()
    expect(await inbox('b', 'own.example', stranger)).toMatchObject({
      status: 400,
      body: { errors: [{ path: ['domain'] }] },
    })
    expect(await t.mail('a@own.example', 'Subject: Hi\n\nHello')).toMatchObject([{ result: 'stored' }])
    await expect(t.mail('nobody@own.example', 'x')).rejects.toMatchObject({ code: 'not_found' })
    await expect(t.mail('nobody@wait.example', 'x')).rejects.toMatchObject({ code: 'relay_denied' })
  })

  test('send signed mail whose domains all agree', async () => {
    await verified('signed.example')
    const { inbox_id } = (await inbox('desk', 'signed.example')).body
    t.handedOver.length = 0
    await t.call('POST', `/api/v0/inboxes/${inbox_id}/messages/send`, { body: { to: 'ada@b.test', text: 'x' } })
    await t.work()
    const [mail] = t.handedOver
    expect(mail?.mailFrom).toMatch(/@signed\.example$/)
    expect(mail?.raw.toString()).toMatch(/^From: desk@signed\.example\r$/m)
    const found = await verifyDkim(mail?.raw ?? Buffer.alloc(0), { resolver: t.app.resolver, now: t.clock.now() })
    expect(found).toMatchObject([
      { result: 'pass', domain: 'signed.example', selector: 'dkim' },
      { result: 'pass', domain: 'signed.example', selector: 'dkim-ed' },
    ])
  })

  test('do not sign with the optional key before the DNS shows it', async () => {
    const { body } = await create({ domain: 'spare.example' })
    dns.zone = { ...dns.zone, ...publish(...body.records.slice(0, 4)) }
    expect((await verify('spare.example')).body.status).toBe('VERIFIED')
    const { inbox_id } = (await inbox('desk', 'spare.example')).body
    const signatures = async () => {
      t.handedOver.length = 0
      await t.call('POST', `/api/v0/inboxes/${inbox_id}/messages/send`, { body: { to: 'ada@b.test', text: 'x' } })
      await t.work()
      const raw = t.handedOver[0]?.raw.toString('latin1') ?? ''
      return [...raw.matchAll(/^DKIM-Signature:[\s\S]*?\bs=([\w-]+)/gm)].map(([, selector]) => selector)
    }
    expect(await signatures()).toEqual(['dkim'])
    dns.zone = { ...dns.zone, ...publish(body.records[4]) }
    await verify('spare.example')
    expect(await signatures()).toEqual(['dkim', 'dkim-ed'])
  })
})

describe('deleting a domain', () => {
  test('waits for its inboxes; then mail to it is not ours, and the name is free', async () => {
    const name = 'leaving.example'
    const { records } = await verified(name)
    const { inbox_id } = (await inbox('desk', name)).body
    expect(await remove(name)).toMatchObject({ status: 409, body: { code: 'cannot_delete' } })
    await t.call('DELETE', `/api/v0/inboxes/${inbox_id}`)
    expect(await remove(name.toUpperCase())).toMatchObject({ status: 204, body: '' })
    expect((await get(name)).status).toBe(404)
    expect((await remove(name)).status).toBe(404)
    expect((await verify(name)).status).toBe(404)
    await expect(t.mail(`desk@${name}`, 'x')).rejects.toMatchObject({ code: 'relay_denied' })
    const again = await create({ domain: name }, await t.organization())
    expect(again.status).toBe(201)
    expect(again.body.records[2].value).not.toBe(records[2].value)
  })
})

test.each(['%', '..%2f', 'x'.repeat(5000), 'posthouse.test', 'nobody.example', 'a@b', '%00'])(
  'the domain %s is nobody’s',
  async (segment) => {
    for (const method of ['GET', 'DELETE']) {
      expect((await t.call(method, `/api/v0/domains/${segment}`)).status).toBe(404)
    }
    expect((await t.call('POST', `/api/v0/domains/${segment}/verify`)).status).toBe(404)
  },
)
