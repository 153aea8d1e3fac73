import { afterEach, expect, test } from 'vitest'
import { testApp } from '../../../test/support/app.ts'
import { manualClock } from '../../../test/support/clock.ts'
import { DnsServer, type Zone } from '../../../test/support/dns-server.ts'
import { SmtpSink } from '../../../test/support/smtp-sink.ts'
import { silentLog } from '../../core/log.ts'
import { DnsResolver } from '../dns/dns-resolver.ts'
import { GuardedFetch } from '../net/guarded-fetch.ts'
import { openRoad } from './open-road.ts'

let opened = new AsyncDisposableStack()
afterEach(async () => {
  await opened.disposeAsync()
  opened = new AsyncDisposableStack()
})

/** A name server, three mail hosts and the open road to them, all of it real and on the loopback. */
async function network(zone: Zone, { allowNet = ['127.0.0.0/8'] } = {}) {
  const clock = manualClock()
  const dns = opened.use(await DnsServer.start(zone))
  const hosts: SmtpSink[] = []
  for (const address of ['127.0.0.1', '127.0.0.2', '127.0.0.3']) {
    hosts.push(opened.use(await SmtpSink.listen({ address, port: hosts[0]?.port ?? 0 })))
  }
  const resolver = new DnsResolver({ clock, servers: [dns.address], timeoutMs: 200, tries: 1 })
  const web = opened.use(new GuardedFetch({ resolver, allowNet }))
  const shared = { clock, log: silentLog, resolver, allowNet, web, mailHost: 'mail.posthouse.test', perMinute: 0 }
  const direct = opened.use(openRoad({ ...shared, port: hosts[0]!.port }))
  return { hosts, direct }
}

const zone: Zone = {
  'one.test': { mx: ['mx1.one.test', 'mx2.one.test'] },
  'mx1.one.test': { cname: 'real.one.test' },
  'real.one.test': { a: ['127.0.0.1'] },
  'mx2.one.test': { a: ['127.0.0.2'] },
  'two.test': { a: ['127.0.0.3'] },
  'null.test': { mx: [{ exchange: '.', priority: 0 }] },
  'dead.test': { timeout: true },
}

const send = async (network: { direct: ReturnType<typeof openRoad> }, ...recipients: string[]) => {
  const raw = Buffer.from('Subject: x\r\n\r\nx\r\n')
  const replies = await network.direct.send({ mailFrom: 'us@posthouse.test', recipients, raw })
  return replies.map(({ result, enhancedCode, host }) => [result, enhancedCode, host])
}

test('each recipient is answered for by the hosts of its domain', async () => {
  const world = await network(zone)
  const to = ['a@one.test', 'b@two.test', 'c@null.test', 'd@dead.test', 'e@nowhere.test']
  expect(await send(world, ...to)).toEqual([
    ['delivered', '2.0.0', 'mx1.one.test'],
    ['delivered', '2.0.0', 'two.test'],
    ['permanent', '5.1.10', null],
    ['temporary', '4.4.3', null],
    ['permanent', '5.1.2', null],
  ])
  expect(world.hosts.map((host) => host.messages.length)).toEqual([1, 0, 1])
})

test('a private address is never dialled unless the operator allows it', async () => {
  const world = await network(zone, { allowNet: [] })
  expect(await send(world, 'a@one.test')).toEqual([['permanent', '5.4.4', null]])
  expect(world.hosts.flatMap((host) => host.sessions)).toEqual([])
})

test('a message that is sent arrives, is signed and has a return path of ours', async () => {
  const { direct, hosts } = await network(zone)
  await using t = await testApp({ settings: { route: { kind: 'direct' } } })
  t.app.sender = { send: (_route, consignment) => direct.send(consignment) }
  await t.call('POST', '/api/v0/inboxes', { body: { username: 'ada' } })
  const body = { to: ['a@one.test', 'b@one.test', 'c@two.test'], subject: 'Notes', text: 'On the engine' }
  const sent = await t.call('POST', '/api/v0/inboxes/ada@posthouse.test/messages/send', { body })
  expect(sent.status).toBe(200)
  await t.work()
  const arrived = hosts.flatMap((host) => host.messages)
  expect(arrived.map(({ to }) => to.toSorted()).sort()).toEqual([['a@one.test', 'b@one.test'], ['c@two.test']])
  expect(arrived[0]?.from).toMatch(/@posthouse\.test$/)
  expect(arrived[0]?.raw.toString()).toContain('On the engine')
})
