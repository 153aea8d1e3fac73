import { expect, test } from 'vitest'
import { fakeResolver } from './dns-zone.ts'

const dns = fakeResolver({
  'Example.com.': { txt: ['one', ['two', ' halves']], mx: ['mx1.example.com.', { exchange: '', priority: 5 }] },
  'www.example.com': { cname: 'host.example.com' },
  'host.example.com': { a: ['192.0.2.1'] },
  'loop.example.com': { cname: 'LOOP.example.com.' },
  'slow.example.com': { a: ['192.0.2.2'], timeout: true },
  'down.example.com': { servfail: true },
  'a.b.example.net': { a: ['192.0.2.3'] },
  '1.2.0.192.in-addr.arpa': { ptr: ['host.example.com.'] },
  '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa': { ptr: ['six.example.com'] },
})

test('records come back as the resolver promises them', async () => {
  expect(await dns.txt('EXAMPLE.com')).toEqual([['one'], ['two', ' halves']])
  expect(await dns.mx('example.com')).toEqual([
    { exchange: 'mx1.example.com', priority: 10 },
    { exchange: '', priority: 5 },
  ])
  expect(await dns.a('www.example.com')).toEqual(['192.0.2.1'])
  expect(await dns.ptr('192.0.2.1')).toEqual(['host.example.com'])
  expect(await dns.ptr('2001:db8::1')).toEqual(['six.example.com'])
})

test.each([
  ['nodata', () => dns.a('example.com')],
  ['nodata', () => dns.a('b.example.net')],
  ['nxdomain', () => dns.a('c.example.net')],
  ['nxdomain', () => dns.ptr('192.0.2.9')],
  ['timeout', () => dns.aaaa('slow.example.com')],
  ['servfail', () => dns.txt('down.example.com')],
  ['servfail', () => dns.a('loop.example.com')],
])('a question without an answer is refused with %s', async (code, ask) => {
  await expect(ask()).rejects.toMatchObject({ name: 'DnsError', code })
})

test('a type that is listed is answered by a slow server, and every question is remembered', async () => {
  const before = dns.questions.length
  expect(await dns.a('slow.example.com')).toEqual(['192.0.2.2'])
  expect(dns.questions.slice(before)).toEqual(['A slow.example.com'])
})
