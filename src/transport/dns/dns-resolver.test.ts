import { expect, test } from 'vitest'
import { manualClock } from '../../../test/support/clock.ts'
import { DnsServer, type Zone } from '../../../test/support/dns-server.ts'
import { DnsResolver } from './dns-resolver.ts'

async function asking(zone: Zone) {
  const server = await DnsServer.start(zone)
  const clock = manualClock()
  const resolver = new DnsResolver({ clock, servers: [server.address], timeoutMs: 100, tries: 2 })
  return { server, clock, resolver, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

test('records of each type come as they stand in the zone', async () => {
  await using dns = await asking({
    'example.com': {
      a: ['192.0.2.1', '192.0.2.2'],
      aaaa: ['2001:db8::1'],
      mx: [
        { exchange: 'Mail.Example.com', priority: 5 },
        { exchange: 'b.example.com', priority: 10 },
      ],
      txt: ['v=spf1 -all', ['two ', 'parts']],
    },
    'nomail.example.com': { mx: [{ exchange: '.', priority: 0 }] },
    'www.example.com': { cname: 'example.com' },
    '192.0.2.1': { ptr: ['example.com', 'www.example.com'] },
    '2001:db8::1': { ptr: ['example.com'] },
  })
  const { resolver } = dns
  expect((await resolver.a('example.com')).sort()).toEqual(['192.0.2.1', '192.0.2.2'])
  expect(await resolver.a('www.example.com')).toHaveLength(2)
  expect(await resolver.aaaa('example.com')).toEqual(['2001:db8::1'])
  expect((await resolver.mx('example.com')).sort((a, b) => a.priority - b.priority)).toEqual([
    { exchange: 'Mail.Example.com', priority: 5 },
    { exchange: 'b.example.com', priority: 10 },
  ])
  expect(await resolver.mx('nomail.example.com')).toEqual([{ exchange: '', priority: 0 }])
  expect((await resolver.txt('example.com')).sort()).toEqual([['two ', 'parts'], ['v=spf1 -all']].sort())
  expect((await resolver.ptr('192.0.2.1')).sort()).toEqual(['example.com', 'www.example.com'])
  expect(await resolver.ptr('2001:db8::1')).toEqual(['example.com'])
})

test('bytes of a text above ASCII are one char each', async () => {
  const bytes = Buffer.from(Array.from({ length: 128 }, (_, i) => i + 128)).toString('latin1')
  const utf8 = Buffer.from('Grüße').toString('latin1')
  await using dns = await asking({ 'a.example': { txt: [[bytes, utf8]] } })
  expect(await dns.resolver.txt('a.example')).toEqual([[bytes, utf8]])
})

test('what does not fit into a packet is asked for over TCP', async () => {
  const chunks = Array.from({ length: 40 }, (_, i) => String.fromCharCode(65 + (i % 26)).repeat(255))
  await using dns = await asking({ 'big.example': { txt: [chunks] } })
  expect(await dns.resolver.txt('big.example')).toEqual([chunks])
  expect(dns.server.questions).toEqual(['TXT big.example', 'tcp TXT big.example'])
})

test('names that are not there, records that are not there, and servers that fail are told apart', async () => {
  await using dns = await asking({
    'a.example': { a: ['192.0.2.1'] },
    'slow.example': { timeout: true },
    'broken.example': { servfail: true },
    'loop.example': { cname: 'loop.example' },
  })
  const { resolver } = dns
  await expect(resolver.a('nobody.example')).rejects.toMatchObject({ code: 'nxdomain', temporary: false })
  await expect(resolver.mx('a.example')).rejects.toMatchObject({ code: 'nodata', temporary: false })
  await expect(resolver.txt('a.example')).rejects.toMatchObject({ code: 'nodata' })
  await expect(resolver.a('slow.example')).rejects.toMatchObject({ code: 'timeout', temporary: true })
  await expect(resolver.a('broken.example')).rejects.toMatchObject({ code: 'servfail', temporary: true })
  await expect(resolver.ptr('192.0.2.9')).rejects.toMatchObject({ code: 'nxdomain' })
})

test.each([
  '',
  '.',
  'a..example',
  `${'a'.repeat(64)}.example`,
  'a b.example',
  `${'a.'.repeat(130)}example`,
  'a\0.example',
  '-',
])('%j is a name that is not there', async (name) => {
  await using dns = await asking({})
  for (const type of ['a', 'aaaa', 'mx', 'txt'] as const) {
    await expect(dns.resolver[type](name)).rejects.toMatchObject({ temporary: false })
  }
})

test('what is no address points back to nobody', async () => {
  await using dns = await asking({})
  await expect(dns.resolver.ptr('not an address')).rejects.toMatchObject({ code: 'nxdomain' })
  expect(dns.server.questions).toEqual([])
})

test('an answer is kept for its time to live, under any case of the name', async () => {
  await using dns = await asking({ 'a.example': { a: ['192.0.2.1'], ttl: 100 } })
  await dns.resolver.a('a.example')
  dns.server.zone = { 'a.example': { a: ['192.0.2.2'] } }
  dns.clock.advance(99_000)
  expect(await dns.resolver.a('A.Example.')).toEqual(['192.0.2.1'])
  dns.clock.advance(1_000)
  expect(await dns.resolver.a('a.example')).toEqual(['192.0.2.2'])
  expect(dns.server.questions).toHaveLength(2)
})

test('that there is nothing is kept for a while, that nobody knows is not', async () => {
  await using dns = await asking({ 'broken.example': { servfail: true } })
  await expect(dns.resolver.a('new.example')).rejects.toMatchObject({ code: 'nxdomain' })
  await expect(dns.resolver.a('broken.example')).rejects.toMatchObject({ code: 'servfail' })
  dns.server.zone = { 'new.example': { a: ['192.0.2.1'] }, 'broken.example': { a: ['192.0.2.2'] } }
  expect(await dns.resolver.a('broken.example')).toEqual(['192.0.2.2'])
  await expect(dns.resolver.a('new.example')).rejects.toMatchObject({ code: 'nxdomain' })
  dns.clock.advance(30_000)
  expect(await dns.resolver.a('new.example')).toEqual(['192.0.2.1'])
})

test('equal questions at one time are asked once', async () => {
  await using dns = await asking({ 'a.example': { txt: ['x'] } })
  const answers = await Promise.all(Array.from({ length: 20 }, () => dns.resolver.txt('a.example')))
  expect(answers).toEqual(answers.map(() => [['x']]))
  expect(dns.server.questions).toEqual(['TXT a.example'])
})

test('whoever changes an answer changes only their own', async () => {
  await using dns = await asking({ 'a.example': { a: ['192.0.2.1'] } })
  ;(await dns.resolver.a('a.example')).pop()
  expect(await dns.resolver.a('a.example')).toEqual(['192.0.2.1'])
})
