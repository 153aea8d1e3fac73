import { expect, test } from 'vitest'
import { fakeResolver } from '../../test/fakes/dns-zone.ts'
import { testApp } from '../../test/support/app.ts'
import { type MailService, startMailService } from '../../test/support/mail-service.ts'
import { SmtpSink, scripted } from '../../test/support/smtp-sink.ts'
import { silentLog } from '../core/log.ts'
import type { DeliveryRoute } from '../core/outbound/route.ts'
import { AnySender } from './any-sender.ts'
import { DirectSender } from './mx/direct-sender.ts'
import { SmarthostSender } from './smtp-client/smarthost-sender.ts'

interface Peers {
  sink: SmtpSink
  service: MailService
}

const said = { host: expect.any(String), code: null, enhanced_code: null }
const smtpSaid = { code: 250, enhanced_code: '2.0.0', text: 'Queued as 1' }
const smtpLater = { code: 451, enhanced_code: '4.7.1', text: 'Greylisted' }

const cases: [string, (peers: Peers) => DeliveryRoute, unknown[]][] = [
  [
    'direct',
    () => ({ kind: 'direct' }),
    [
      { host: 'mx.one.test', ...smtpLater },
      { host: 'mx.one.test', ...smtpSaid },
    ],
  ],
  [
    'smarthost',
    ({ sink: { port } }) => ({ kind: 'smarthost', host: '127.0.0.1', port, secure: false, user: null, password: null }),
    [
      { host: '127.0.0.1', ...smtpLater },
      { host: '127.0.0.1', ...smtpSaid },
    ],
  ],
  [
    'resend',
    ({ service: { endpoint } }) => ({ kind: 'resend', key: 're_1', endpoint }),
    [
      { ...said, text: expect.stringContaining('HTTP 503') },
      { ...said, text: 'Taken by Resend as r-1' },
    ],
  ],
  [
    'ses',
    ({ service: { endpoint } }) => ({
      kind: 'ses',
      region: 'eu-west-1',
      accessKeyId: 'A',
      secretAccessKey: 'S',
      endpoint,
    }),
    [
      { ...said, text: expect.stringContaining('HTTP 503') },
      { ...said, text: 'Taken by SES as s-1' },
    ],
  ],
  ['sandbox', () => ({ kind: 'sandbox' }), [{ host: null, code: null, enhanced_code: null, text: 'Captured' }]],
]

test.each(cases)('each attempt by route %s is shown, with what the other side said', async (_, routeOf, attempts) => {
  const later = (_argument: string, count: number) => (count === 0 ? '451 4.7.1 Greylisted' : undefined)
  await using sink = await SmtpSink.listen({ answer: scripted({ RCPT: later }) })
  let asked = 0
  await using service = await startMailService(() =>
    asked++ === 0 ? { status: 503, json: {} } : { status: 200, json: { id: 'r-1', MessageId: 's-1' } },
  )
  await using t = await testApp({ settings: { route: routeOf({ sink, service }) } })
  await using direct = new DirectSender({
    ...{ clock: t.clock, log: silentLog, mailHost: 'mail.us.test', port: sink.port },
    resolver: fakeResolver({ 'one.test': { mx: ['mx.one.test'] }, 'mx.one.test': { a: ['127.0.0.1'] } }),
    ...{ mayConnect: () => true, isOurs: () => false, sts: { policyFor: async () => null } },
  })
  await using smarthost = new SmarthostSender({ clock: t.clock, log: silentLog, helo: 'us.test', trustedNets: [] })
  t.app.sender = new AnySender({ direct, smarthost })
  await t.call('POST', '/api/v0/inboxes', { body: { username: 'ada' } })
  const inbox = '/api/v0/inboxes/ada@posthouse.test/messages'
  const sent = await t.call('POST', `${inbox}/send`, { body: { to: ['a@one.test'], subject: 'x', text: 'x' } })
  for (let i = 0; i < attempts.length; i++) {
    await t.work()
    t.clock.advance(120_000)
  }
  const { body } = await t.call('GET', `${inbox}/${sent.body.message_id}/deliveries`)
  expect(body.data[0].attempts.map(({ at, ...attempt }: { at: string }) => attempt)).toEqual(attempts)
})
