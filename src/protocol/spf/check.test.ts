import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type FakeRecords, fakeResolver } from '../../../test/fakes/dns-zone.ts'
import { checkSpf, type SpfInput } from './check.ts'

const check = (zone: Record<string, FakeRecords>, input: Partial<SpfInput> = {}) =>
  checkSpf({
    ip: '192.0.2.1',
    helo: 'mail.example.org',
    mailFrom: 'ann@example.com',
    resolver: fakeResolver(zone),
    ...input,
  })

test('the term that matched is told as it was published', async () => {
  expect(await check({ 'example.com': { txt: ['v=spf1 mx ~IP4:192.0.2.0/24 -all'], mx: [''] } })).toEqual({
    result: 'softfail',
    domain: 'example.com',
    explanation: null,
    mechanism: '~IP4:192.0.2.0/24',
  })
})

test('a null reverse path is checked as postmaster of the HELO name', async () => {
  const zone = {
    'mail.example.org': { txt: ['v=spf1 exists:%{l}.%{o} -all'] },
    'postmaster.mail.example.org': { a: ['127.0.0.2'] },
  }
  expect(await check(zone, { mailFrom: '' })).toMatchObject({ result: 'pass', domain: 'mail.example.org' })
})

test.each(['a; dkim=pass header.d=bank.com', '[192.0.2.1]', '192.0.2.1', 'a b', '', 'x'.repeat(300)])(
  'a HELO that is no domain name (%j) is not told as one',
  async (helo) => {
    expect(await check({}, { mailFrom: '', helo })).toMatchObject({ result: 'none', domain: '' })
  },
)

test('a domain in Unicode is asked for by its A-labels', async () => {
  const zone = { 'xn--bcher-kva.example': { txt: ['v=spf1 ip4:192.0.2.1 -all'] } }
  expect(await check(zone, { mailFrom: 'ann@Bücher.example.' })).toMatchObject({
    result: 'pass',
    domain: 'xn--bcher-kva.example',
  })
})

test('a local part beyond ASCII never matches where a name is made of it', async () => {
  const zone = {
    'example.com': { txt: ['v=spf1 exists:%{l}.example.com exists:%{d}.ok.example.com -all'] },
    'example.com.ok.example.com': { a: ['127.0.0.2'] },
  }
  expect(await check(zone, { mailFrom: 'jürgen@example.com' })).toMatchObject({
    mechanism: 'exists:%{d}.ok.example.com',
  })
})

test.each(['', 'unknown', '999.1.1.1'])('without a usable client address (%s) there is no result', async (ip) => {
  expect(await check({ 'example.com': { txt: ['v=spf1 -all'] } }, { ip })).toMatchObject({
    result: 'none',
    domain: 'example.com',
  })
})

test('explanations know the client, the receiver and the time', async () => {
  const zone = {
    'example.com': { txt: ['v=spf1 -all exp=why.example.com'] },
    'why.example.com': { txt: [['%{c} at %{r}', ' %{t}']] },
  }
  const told = await check(zone, { receiver: 'mx.example.net', now: 1_700_000_000_999 })
  expect(told.explanation).toBe('192.0.2.1 at mx.example.net 1700000000')
})

test.each(['a\r\nb', 'é', 'a\u0000'])(
  'an explanation that would leave printable ASCII is not told (%j)',
  async (localPart) => {
    const zone = { 'example.com': { txt: ['v=spf1 -all exp=why.example.com'] }, 'why.example.com': { txt: ['%{l}'] } }
    expect(await check(zone, { mailFrom: `${localPart}@example.com` })).toMatchObject({
      result: 'fail',
      explanation: null,
    })
  },
)

test('the hosts of an MX are not void lookups when the client speaks the other family', async () => {
  const hosts = ['a', 'b', 'c', 'd'].map((name) => `${name}.example.com`)
  const zone = {
    'example.com': { txt: ['v=spf1 mx -all'], mx: hosts },
    ...Object.fromEntries(hosts.map((host) => [host, { a: ['192.0.2.9'] }])),
  }
  expect(await check(zone, { ip: '2001:db8::1' })).toMatchObject({ result: 'fail' })
})

test('a server that fails makes the result temporary, whatever would follow', async () => {
  const zone = {
    'example.com': { txt: ['v=spf1 include:_spf.example.com +all'] },
    '_spf.example.com': { servfail: true },
  }
  expect(await check(zone)).toEqual({ result: 'temperror', domain: 'example.com', explanation: null, mechanism: null })
})

test('a client whose reverse lookup fails has no validated name', async () => {
  const zone = {
    'example.com': { txt: ['v=spf1 ptr exists:%{p}.example.net -all'] },
    '1.2.0.192.in-addr.arpa': { timeout: true },
    'unknown.example.net': { a: ['127.0.0.2'] },
  }
  expect(await check(zone)).toMatchObject({ mechanism: 'exists:%{p}.example.net' })
})

test('the names of a client are asked for once and no further than ten', async () => {
  const names = Array.from({ length: 40 }, (_, i) => `h${i}.example.org`)
  const resolver = fakeResolver({
    'example.com': { txt: [`v=spf1 ${'exists:%{p}.%{p}.example.net ptr '.repeat(4)}-all`] },
    '1.2.0.192.in-addr.arpa': { ptr: names },
    ...Object.fromEntries(names.map((name) => [name, { a: ['192.0.2.1'] }])),
    'h0.example.org.h0.example.org.example.net': { aaaa: ['::1'] },
  })
  await check({}, { resolver })
  expect(resolver.questions.filter((q) => q.startsWith('PTR'))).toHaveLength(1)
  expect(resolver.questions.filter((q) => /^A h\d+\.example\.org$/.test(q))).toHaveLength(10)
})

test('two records that include each other twice end after ten terms', async () => {
  const resolver = fakeResolver({
    'example.com': { txt: ['v=spf1 include:b.example.com include:b.example.com'] },
    'b.example.com': { txt: ['v=spf1 ?include:example.com ?include:example.com'] },
  })
  expect(await check({}, { resolver })).toMatchObject({ result: 'permerror' })
  expect(resolver.questions.length).toBeLessThanOrEqual(11)
})

test('a fault of the resolver itself is not hidden', async () => {
  const resolver = { ...fakeResolver({}), txt: () => Promise.reject(new TypeError('broken')) }
  await expect(check({}, { resolver })).rejects.toThrow('broken')
})

test('whatever is published and sent, there is a result', async () => {
  const words = ['none', 'neutral', 'pass', 'fail', 'softfail', 'temperror', 'permerror']
  const term = fc.constantFrom(
    'a',
    'mx',
    'ptr',
    'all',
    'include:example.com',
    'exists:%{s}.%{h}.%{p}.x',
    'redirect=%{l}',
    'exp=%{dr}',
    '%',
    '?a:%{L9r-}.b',
  )
  const record = fc.array(term, { maxLength: 12 }).map((terms) => `v=spf1 ${terms.join(' ')}`)
  await fc.assert(
    fc.asyncProperty(
      record,
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'binary' }),
      async (text, helo, localPart) => {
        const { result } = await check(
          { 'example.com': { txt: [text], mx: ['mail.example.com'] } },
          { helo, mailFrom: `${localPart}@example.com` },
        )
        expect(words).toContain(result)
      },
    ),
  )
})
