import { expect, test } from 'vitest'
import { type FakeRecords, fakeResolver } from '../../../test/fakes/dns-zone.ts'
import { checkDmarc, type DmarcInput } from './check.ts'

type Input = Partial<Omit<DmarcInput, 'resolver'>>

/** `zone`: the policy of each domain; anything else a name may have is given as records. */
function check(zone: Record<string, string | FakeRecords>, input: Input = {}) {
  const records = Object.entries(zone).map(([name, published]): [string, FakeRecords] =>
    typeof published === 'string' ? [`_dmarc.${name}`, { txt: [`v=DMARC1; ${published}`] }] : [name, published],
  )
  const resolver = fakeResolver(Object.fromEntries(records))
  return checkDmarc({ fromDomains: ['example.com'], spf: { result: 'none', domain: '' }, dkim: [], resolver, ...input })
}

const pass = (domain: string) => ({ result: 'pass', domain })

test('a signature of the organization passes for a name below it', async () => {
  expect(
    await check(
      { 'example.com': 'p=reject' },
      { fromDomains: ['News.Example.com'], dkim: [pass('other.net'), pass('example.com')] },
    ),
  ).toEqual({
    result: 'pass',
    policy: 'reject',
    domain: 'news.example.com',
    organizationalDomain: 'example.com',
    alignedSpf: false,
    alignedDkim: true,
  })
})

test('SPF for a sibling passes when relaxed and not when strict', async () => {
  const input = { fromDomains: ['a.example.com'], spf: pass('b.example.com') }
  expect(await check({ 'example.com': 'p=reject' }, input)).toMatchObject({ result: 'pass', alignedSpf: true })
  expect(await check({ 'example.com': 'p=reject; aspf=s; adkim=r' }, input)).toMatchObject({
    result: 'fail',
    alignedSpf: false,
  })
})

test('a pass for somebody else is a failure, and costs no question', async () => {
  const resolver = fakeResolver({ '_dmarc.example.com': { txt: ['v=DMARC1; p=quarantine'] } })
  const input = {
    fromDomains: ['example.com'],
    spf: pass('evil-example.com'),
    dkim: [pass('com'), pass('example.com.evil.net')],
    resolver,
  }
  expect(await checkDmarc(input)).toMatchObject({
    result: 'fail',
    policy: 'quarantine',
    alignedSpf: false,
    alignedDkim: false,
  })
  expect(resolver.questions).toEqual(['TXT _dmarc.example.com', 'TXT _dmarc.com'])
})

test('customers of one public suffix do not stand for each other', async () => {
  const input = { fromDomains: ['a.bank'], dkim: [pass('b.bank')] }
  expect(await check({ bank: 'p=reject; psd=y' }, input)).toMatchObject({
    result: 'fail',
    organizationalDomain: 'a.bank',
    policy: 'reject',
  })
})

test('a department with psd=n does not stand for the organization, nor the other way round', async () => {
  const zone = { 'dept.example.com': 'psd=n; p=none', 'example.com': 'p=reject' }
  expect(await check(zone, { dkim: [pass('mail.dept.example.com')] })).toMatchObject({ result: 'fail' })
  expect(await check(zone, { fromDomains: ['mail.dept.example.com'], dkim: [pass('example.com')] })).toMatchObject({
    result: 'fail',
    policy: 'none',
  })
})

test.each([
  ['p=reject; sp=quarantine; np=none', ['example.com'], 'reject'],
  ['p=reject; sp=quarantine; np=none', ['real.example.com'], 'quarantine'],
  ['p=reject; sp=quarantine; np=none', ['ghost.example.com'], 'none'],
  ['p=reject; np=none', ['broken.example.com'], 'reject'],
  ['p=reject; t=y', ['example.com'], 'quarantine'],
  ['p=quarantine; t=y', ['real.example.com'], 'none'],
])('%s asks of %s: %s', async (record, fromDomains, policy) => {
  const zone = {
    'example.com': record,
    'real.example.com': { aaaa: ['2001:db8::1'] },
    'broken.example.com': { servfail: true, txt: ['x'] },
  }
  expect(await check(zone, { fromDomains })).toMatchObject({ result: 'fail', policy })
})

test('the record of the author domain goes before that of the organization', async () => {
  const zone = { 'news.example.com': 'p=none', 'example.com': 'p=reject; adkim=s' }
  const judged = await check(zone, { fromDomains: ['news.example.com'], dkim: [pass('example.com')] })
  expect(judged).toMatchObject({ result: 'pass', policy: 'none', organizationalDomain: 'example.com' })
})

test.each([
  ['no record', {}],
  ['several records', { '_dmarc.example.com': { txt: ['v=DMARC1; p=reject', 'v=DMARC1; p=none'] } }],
  ['a broken policy', { 'example.com': 'p=rejct' }],
])('with %s DMARC does not apply', async (_, zone) => {
  expect(await check(zone as Record<string, string | FakeRecords>, { spf: pass('example.com') })).toEqual({
    result: 'none',
    policy: null,
    domain: 'example.com',
    organizationalDomain: 'example.com',
    alignedSpf: false,
    alignedDkim: false,
  })
})

test.each([
  ['none at all', []],
  ['two domains', ['example.com', 'example.org']],
  ['a domain and its parent', ['example.com', 'a.example.com']],
  ['an address literal', ['[192.0.2.1]']],
  ['a domain and something that is none', ['example.com', '']],
])('a From with %s never passes', async (_, fromDomains) => {
  expect(await check({ 'example.com': 'p=reject' }, { fromDomains, spf: pass('example.com') })).toMatchObject({
    result: 'permerror',
    policy: null,
    domain: null,
    alignedSpf: false,
  })
})

test('several authors of one domain are one domain, however it is spelled', async () => {
  const input = { fromDomains: ['bücher.example', 'XN--BCHER-KVA.example.'], spf: pass('Bücher.example') }
  expect(await check({ 'xn--bcher-kva.example': 'p=reject' }, input)).toMatchObject({
    result: 'pass',
    domain: 'xn--bcher-kva.example',
  })
})

test('a server that fails leaves the question open', async () => {
  expect(await check({ '_dmarc.example.com': { timeout: true } }, { spf: pass('example.com') })).toMatchObject({
    result: 'temperror',
    policy: null,
  })
})

test('an aligned method in temporary error is no failure yet, an unaligned one is', async () => {
  const zone = { 'example.com': 'p=reject' }
  const temperror = (domain: string) => [{ result: 'temperror', domain }]
  expect(await check(zone, { dkim: temperror('mail.example.com') })).toMatchObject({
    result: 'temperror',
    policy: null,
  })
  expect(await check(zone, { dkim: temperror('example.org') })).toMatchObject({ result: 'fail' })
})

test('a signer whose own DNS fails does not take away the pass of another', async () => {
  const zone = { 'example.com': 'p=reject', '_dmarc.down.example.com': { servfail: true } }
  const dkim = [pass('down.example.com')]
  expect(await check(zone, { dkim })).toMatchObject({ result: 'temperror' })
  expect(await check(zone, { dkim: [...dkim, pass('example.com')] })).toMatchObject({ result: 'pass' })
})
