import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { verifyDkim } from '../../src/protocol/dkim/verify-dkim.ts'
import type { Resolver } from '../../src/protocol/dns/resolver.ts'
import { eventually } from '../support/api-client.ts'
import { findDkimpy } from '../support/dkimpy.ts'
import { loopbackHost } from '../support/peer-address.ts'
import type { PeerProcess } from '../support/peer-process.ts'
import { handTo, type PeerWorld, startPeerWorld, tailOf } from '../support/peer-world.ts'
import { findPostfix, startPostfix } from '../support/postfix.ts'
import { SmtpSink, scripted } from '../support/smtp-sink.ts'

// Three programs and the test, on a machine that may have other things to do.
vi.setConfig({ testTimeout: 90_000 })

const packages = await findPostfix()
const absent = 'missing' in packages
if (absent) console.log(`skipped without Postfix: ${packages.missing}`)
const dkimpy = await findDkimpy()

const host = loopbackHost()
const opened = new AsyncDisposableStack()
let world: PeerWorld
let postfix: PeerProcess
let desk: string

beforeAll(async () => {
  if ('missing' in packages) return
  world = opened.use(await startPeerWorld({ POSTHOUSE_DELIVERY: 'direct' }))
  Object.assign(world.dns.zone, {
    'peer.test': { mx: ['mx.peer.test'] },
    'xn--bcher-kva.test': { mx: ['mx.peer.test'] },
    'mx.peer.test': { a: [host.address] },
  })
  const routes = { 'posthouse.localhost': world.smtp, '*': { address: '127.0.0.1', port: world.store.port } }
  postfix = opened.use(await startPostfix(packages, { listen: host, routes }))
  desk = await world.inbox('desk')
}, 180_000)
afterAll(() => opened.disposeAsync())

const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

describe.skipIf(absent)('mail that leaves by Postfix', () => {
  const file = (size: number) => ({
    filename: 'Übersicht.bin',
    content: Buffer.alloc(size, 'all bytes \0\xff\r\n.\r\n', 'latin1').toString('base64'),
  })

  test.each<[string, Record<string, unknown>]>([
    ['plain words', { to: 'ada@peer.test', text: 'Hello' }],
    ['dots', { to: 'ada@peer.test', text: '.\n..\n. \n.a\n\n.\n' }],
    ['long lines', { to: 'ada@peer.test', text: 'x'.repeat(5000), html: `<p>${'word '.repeat(4000)}</p>` }],
    ['all of Unicode', { to: 'ada@peer.test', subject: 'Grüße 🍵'.repeat(20), text: 'Größe 🍵 日本語\n'.repeat(50) }],
    ['words to a domain of the world', { to: '"Zoë" <zoe@bücher.test>', text: 'Größe' }],
    ['words to an address in UTF-8', { to: 'grüße@peer.test', text: 'Größe' }],
    ['a file of all bytes', { to: 'ada@peer.test', html: '<p>🍵</p>', attachments: [file(300_000)] }],
    ['25 MB', { to: 'ada@peer.test', text: 'Large', attachments: [file(18_300_000)] }],
  ])('arrives as it left, over TLS, and both signatures hold behind it: %s', async (_what, draft) => {
    const { raw, path } = await world.send(desk, draft)
    const mail = await world.arrived(raw)
    expect(hash(tailOf(mail.raw, raw))).toBe(hash(raw))
    const resolver = { txt: async (name: string) => [[world.keys()[name]]] } as unknown as Resolver
    const verdicts = await verifyDkim(mail.raw, { resolver, now: Date.now() })
    expect(verdicts.map(({ result }) => result)).toEqual(['pass', 'pass'])
    if ('verify' in dkimpy) expect(dkimpy.verify([mail.raw], world.keys())).toEqual([[true, true]])
    const { body } = await eventually(
      () => world.api.get(`${path}/deliveries`),
      (answer) => answer.body.data[0].status === 'delivered',
    )
    expect(body.data[0].attempts).toMatchObject([{ host: 'mx.peer.test', code: 250 }])
    expect(mail.raw.toString('latin1', 0, 500)).toMatch(/^\tby postfix.test .* with (ESMTPS|UTF8SMTPS) id /m)
  })

  test('takes one transaction for 50 recipients of a domain', async () => {
    const to = Array.from({ length: 50 }, (_, i) => `reader-${i}@peer.test`)
    const taken = () => postfix.log().match(/client=/g)?.length ?? 0
    const before = taken()
    const { raw, path } = await world.send(desk, { to, text: 'For all of you' })
    const mail = await world.arrived(raw)
    const { body } = await eventually(
      () => world.api.get(`${path}/deliveries?page_size=100`),
      (answer) => answer.body.data.every(({ status }: { status: string }) => status === 'delivered'),
    )
    expect(body.data).toHaveLength(50)
    expect(mail.recipients.toSorted()).toEqual(to.toSorted())
    expect(taken()).toBe(before + 1)
  })

  test('comes home as its report where there is no such user: bounced, and suppressed', async () => {
    const shop = await world.inbox('shop')
    const { path } = await world.send(shop, { to: 'nobody@peer.test', text: 'Are you there?' })
    await eventually(
      () => world.api.get(path),
      ({ body }) => body.status === 'bounced',
    )
    const { body: deliveries } = await world.api.get(`${path}/deliveries`)
    expect(deliveries.data).toMatchObject([{ recipient: 'nobody@peer.test', status: 'failed' }])
    const { body: list } = await world.api.get(`/inboxes/${shop}/messages`)
    expect(list.data[0]).toMatchObject({ direction: 'inbound', subject: 'Undelivered Mail Returned to Sender' })
    const again = { to: 'nobody@peer.test', subject: 'x', text: 'x' }
    expect((await world.api.post(`/inboxes/${shop}/messages/send`, again)).status).toBe(403)
  })

  test.each([
    ['greylists', { RCPT: '451 4.7.1 Greylisted, come again' }],
    ['greets with 421', { connect: '421 4.3.2 Not now' }],
    ['cuts the connection at the data', { DATA: 'close' }],
  ])('has it at once, as the second mail host, when the first one %s', async (what, script) => {
    const first = loopbackHost()
    await using sink = await SmtpSink.listen({ ...first, answer: scripted(script) })
    const domain = `${what.replaceAll(' ', '-')}.test`
    Object.assign(world.dns.zone, {
      [domain]: { mx: [`first.${domain}`, 'mx.peer.test'] },
      [`first.${domain}`]: { a: [first.address] },
    })
    const { raw } = await world.send(desk, { to: `ada@${domain}`, text: 'Hello' })
    expect((await world.arrived(raw)).recipients).toEqual([`ada@${domain}`])
    expect(sink.sessions).toHaveLength(1)
  })
})

describe.skipIf(absent)('mail that Postfix brings', () => {
  const head = (name: string) =>
    `From: zoe@client.test\r\nTo: desk@posthouse.localhost\r\nDate: ${new Date().toUTCString()}\r\nMessage-ID: <${name}@client.test>\r\nSubject: In\r\n`

  test.each<[string, Buffer]>([
    ['plain words', Buffer.from(`${head('plain')}\r\nHello\r\n`)],
    ['dots', Buffer.from(`${head('dots')}\r\n.\r\n..\r\n.a\r\n. \r\n...\r\n.\r\n`)],
    ['lines of 100 kB', Buffer.from(`${head('lines')}\r\n${'x'.repeat(100_000)}\r\n${'.'.repeat(70_000)}\r\n`)],
    ['8-bit text', Buffer.from(`${head('8bit')}\r\n\xff\xfe gr\xfc\xdfe\r\n`, 'latin1')],
    ['a header in UTF-8', Buffer.from(`${head('utf8')}X-Names: Grüße 日本\r\n\r\nGröße\r\n`)],
    ['nothing', Buffer.from(`${head('none')}\r\n`)],
    ['25 MB', Buffer.from(`${head('large')}\r\n${`${'0123456789'.repeat(7)}\r\n`.repeat(350_000)}`)],
  ])('comes in as it was, over TLS: %s', async (_what, raw) => {
    const name = `in-${hash(raw).slice(0, 12)}`
    const inbox = await world.inbox(name)
    await handTo(host, [`${name}@posthouse.localhost`], raw)
    const kept = await world.received(inbox)
    expect(hash(tailOf(kept.raw, raw))).toBe(hash(raw))
    const { mail_from, tls } = kept.message.envelope
    expect([mail_from, tls.split(' ')[0]]).toEqual(['zoe@client.test', 'TLSv1.3'])
  })

  test('comes in from a sender in UTF-8', async () => {
    const inbox = await world.inbox('world')
    const raw = Buffer.from(`${head('world').replace('zoe@', 'zoë@')}\r\nGröße\r\n`)
    await handTo(host, ['world@posthouse.localhost'], raw, 'zoë@bücher.test')
    const kept = await world.received(inbox)
    expect(tailOf(kept.raw, raw)).toEqual(raw)
    expect(kept.message.from).toBe('zoë@client.test')
  })

  test('comes in for each of 120 mailboxes', async () => {
    const names = Array.from({ length: 120 }, (_, i) => `crowd-${i}`)
    const inboxes = await Promise.all(names.map((name) => world.inbox(name)))
    const to = names.map((name) => `${name}@posthouse.localhost`)
    await handTo(host, to, Buffer.from(`${head('crowd')}\r\nFor all of you\r\n`))
    const kept = await Promise.all(inboxes.map((inbox) => world.received(inbox)))
    expect(kept.flatMap(({ message }) => message.envelope.rcpt_to)).toEqual(to)
  })
})
