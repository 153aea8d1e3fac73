import { afterEach, describe, expect, test } from 'vitest'
import { type FakeRecords, fakeResolver } from '../../../test/fakes/dns-zone.ts'
import { type ManualClock, manualClock } from '../../../test/support/clock.ts'
import { type SinkOptions, type SinkStage, SmtpSink } from '../../../test/support/smtp-sink.ts'
import { silentLog } from '../../core/log.ts'
import type { StsPolicy } from '../../protocol/mta-sts/policy.ts'
import { sameTimeouts } from '../smtp-client/timeouts.ts'
import { selfSigned } from '../smtp-server/self-signed.ts'
import { type DirectOptions, DirectSender } from './direct-sender.ts'

let opened = new AsyncDisposableStack()
afterEach(async () => {
  await opened.disposeAsync()
  opened = new AsyncDisposableStack()
})

/** One sink for each address 127.0.0.1, 127.0.0.2 …, all on one port. */
async function sinks(...options: SinkOptions[]): Promise<SmtpSink[]> {
  const made: SmtpSink[] = []
  for (const [i, option] of options.entries()) {
    const at = { address: `127.0.0.${i + 1}`, port: made[0]?.port ?? 0 }
    made.push(opened.use(await SmtpSink.listen({ ...at, ...option })))
  }
  return made
}

interface Direct {
  sender: DirectSender
  clock: ManualClock
  send(to: string | string[], raw?: string, mailFrom?: string): ReturnType<DirectSender['send']>
}

const twoHosts: Record<string, FakeRecords> = {
  'one.test': { mx: ['mx1.one.test', 'mx2.one.test'] },
  'mx1.one.test': { a: ['127.0.0.1'] },
  'mx2.one.test': { a: ['127.0.0.2'] },
}

const oneHost: Record<string, FakeRecords> = { ...twoHosts, 'one.test': { mx: ['mx1.one.test'] } }

interface Setting extends Partial<DirectOptions> {
  policies?: Record<string, StsPolicy>
}

function direct(
  port: number,
  zone: Record<string, FakeRecords> = twoHosts,
  { policies = {}, ...more }: Setting = {},
): Direct {
  const clock = manualClock()
  const sender = opened.use(
    new DirectSender({
      clock,
      log: silentLog,
      resolver: fakeResolver(zone),
      mailHost: 'mail.us.test',
      mayConnect: (address) => address.startsWith('127.0.0.'),
      isOurs: (address) => address === '127.0.0.99',
      sts: { policyFor: async (domain) => policies[domain] ?? null },
      port,
      timeouts: {
        ...sameTimeouts(2_000),
        greeting: 100,
        STARTTLS: 100,
        EHLO: 100,
        MAIL: 100,
        RCPT: 100,
        DATA: 100,
        'end of data': 100,
      },
      ...more,
    }),
  )
  const send: Direct['send'] = (to, raw = 'Subject: x\r\n\r\n.dot\r\n', mailFrom = 'us@us.test') =>
    sender.send({ mailFrom, recipients: [to].flat(), raw: Buffer.from(raw) })
  return { sender, clock, send }
}

/** A sink that answers so at one stage, and well at all others. */
const at = (stage: SinkStage, action: string) => ({ answer: (s: SinkStage) => (s === stage ? action : undefined) })

test('a message arrives as it was sent, with one transaction for all recipients of a domain', async () => {
  const [mx] = await sinks({})
  const { send } = direct(mx!.port)
  const replies = await send(['a@one.test', 'b@one.test'])
  expect(replies).toEqual(
    ['a@one.test', 'b@one.test'].map((recipient) => ({
      recipient,
      result: 'delivered',
      host: 'mx1.one.test',
      replyCode: 250,
      enhancedCode: '2.0.0',
      text: 'Queued as 1',
    })),
  )
  expect(mx!.messages).toMatchObject([
    { from: 'us@us.test', to: ['a@one.test', 'b@one.test'], raw: Buffer.from('Subject: x\r\n\r\n.dot\r\n') },
  ])
  expect(mx!.sessions[0]?.commands).toEqual([
    'EHLO mail.us.test',
    'MAIL FROM:<us@us.test> SIZE=20',
    'RCPT TO:<a@one.test>',
    'RCPT TO:<b@one.test>',
    'DATA',
  ])
})

describe('what the first host does, and whether the second is asked', () => {
  const cases: [SinkStage, string, 'second' | 'temporary' | 'permanent'][] = [
    ['connect', '421 4.3.2 Busy', 'second'],
    ['connect', '554 5.7.1 Not you', 'second'],
    ['connect', '521 5.3.2 No mail here', 'second'],
    ['connect', 'close', 'second'],
    ['connect', 'silence', 'second'],
    ['connect', 'HTTP/1.1 400 Bad Request', 'second'],
    ['EHLO', '421 4.3.2 Busy', 'second'],
    ['EHLO', '451 4.3.2 Busy', 'second'],
    ['EHLO', 'close', 'second'],
    ['EHLO', 'silence', 'second'],
    ['MAIL', '451 4.7.1 Later', 'second'],
    ['MAIL', '421 4.7.1 Later', 'second'],
    ['MAIL', '550 5.7.1 Not from you', 'permanent'],
    ['MAIL', 'close', 'second'],
    ['MAIL', 'reset', 'second'],
    ['MAIL', 'silence', 'second'],
    ['RCPT', '450 4.2.0 Greylisted', 'second'],
    ['RCPT', '421 4.2.0 Bye', 'second'],
    ['RCPT', '552 5.5.3 Too many', 'second'],
    ['RCPT', '550 5.1.1 Nobody', 'permanent'],
    ['RCPT', '552 5.2.2 Full', 'permanent'],
    ['MAIL', '354 Go on', 'second'],
    ['RCPT', '999 9.9.9 Nonsense', 'second'],
    ['RCPT', '354 Go on', 'second'],
    ['RCPT', 'close', 'second'],
    ['RCPT', 'silence', 'second'],
    ['DATA', '451 4.3.0 Disk', 'second'],
    ['DATA', '554 5.7.1 No', 'permanent'],
    ['DATA', '250 2.0.0 What?', 'second'],
    ['DATA', 'close', 'second'],
    ['DATA', 'silence', 'second'],
    ['body', '452 4.3.1 Disk', 'second'],
    ['body', '552 5.3.4 Too large', 'permanent'],
    ['body', 'close', 'temporary'],
    ['end', '451 4.3.0 Disk', 'second'],
    ['end', '421 4.3.0 Bye', 'second'],
    ['end', '554 5.6.0 Bad', 'permanent'],
    ['end', '354 Go on', 'temporary'],
    ['end', 'close', 'temporary'],
    ['end', 'reset', 'temporary'],
    ['end', 'silence', 'temporary'],
  ]
  test.each(cases)('%s: %s → %s', async (stage, action, expected) => {
    const [, mx2] = await sinks(at(stage, action), {})
    const [reply] = await direct(mx2!.port).send('a@one.test')
    if (expected === 'second') expect(reply).toMatchObject({ result: 'delivered', host: 'mx2.one.test' })
    else expect(reply).toMatchObject({ result: expected, host: 'mx1.one.test' })
    expect(mx2!.messages).toHaveLength(expected === 'second' ? 1 : 0)
    if (expected === 'permanent') expect(`${reply?.replyCode} ${reply?.enhancedCode} ${reply?.text}`).toBe(action)
  })

  test.each(cases.filter(([, , expected]) => expected === 'second'))(
    '%s: %s at every host is temporary',
    async (stage, action) => {
      const [mx1] = await sinks(at(stage, action), at(stage, action))
      const [reply] = await direct(mx1!.port).send('a@one.test')
      const said = /^[45]\d\d [45]\.\d\.\d /.test(action)
      expect(reply).toMatchObject({
        result: action.startsWith('521') ? 'permanent' : 'temporary',
        ...(said
          ? { replyCode: Number(action.slice(0, 3)), enhancedCode: action.slice(4, 9), text: action.slice(10) }
          : {}),
      })
    },
  )
})

test('a reply lost after the last dot is on record as such', async () => {
  const [mx] = await sinks(at('end', 'close'))
  const [reply] = await direct(mx!.port).send('a@one.test')
  expect(reply).toEqual({
    recipient: 'a@one.test',
    result: 'temporary',
    host: 'mx1.one.test',
    replyCode: null,
    enhancedCode: '4.4.2',
    text: 'Connection lost after end of data: the message may have been taken (The server closed the connection)',
  })
})

test('each recipient has its own answer, and only who must wait goes to the next host', async () => {
  const answers: Record<string, string> = { 'no@one.test': '550 5.1.1 Nobody', 'later@one.test': '450 4.2.0 Later' }
  const answer = (stage: SinkStage, argument: string) =>
    stage === 'RCPT' ? answers[/<(.*)>/.exec(argument)?.[1] ?? ''] : undefined
  const [mx1, mx2] = await sinks({ answer }, {})
  const replies = await direct(mx1!.port).send(['yes@one.test', 'no@one.test', 'later@one.test'])
  expect(replies.map((r) => [r.result, r.host])).toEqual([
    ['delivered', 'mx1.one.test'],
    ['permanent', 'mx1.one.test'],
    ['delivered', 'mx2.one.test'],
  ])
  expect([mx1!.messages[0]?.to, mx2!.messages[0]?.to]).toEqual([['yes@one.test'], ['later@one.test']])
})

test('without PIPELINING each command waits for its answer', async () => {
  const answer = (stage: SinkStage, argument: string) =>
    stage === 'RCPT' && argument.includes('no@') ? '550 No' : undefined
  const [mx] = await sinks({ extensions: [], answer })
  const replies = await direct(mx!.port).send(['no@one.test', 'a@one.test'])
  expect(replies.map((r) => r.result)).toEqual(['permanent', 'delivered'])
  expect(mx!.sessions[0]?.commands).toContain('MAIL FROM:<us@us.test>')
})

test('a server that only knows HELO gets its mail', async () => {
  const [mx] = await sinks(at('EHLO', '502 What?'))
  const [reply] = await direct(mx!.port).send('a@one.test')
  expect(reply?.result).toBe('delivered')
  expect(mx!.sessions[0]?.commands.slice(0, 2)).toEqual(['EHLO mail.us.test', 'HELO mail.us.test'])
})

test('more recipients than a server takes at once are named in several transactions', async () => {
  let named = 0
  const answer = (stage: SinkStage) => {
    if (stage === 'MAIL') named = 0
    return stage === 'RCPT' && ++named > 10 ? '452 4.5.3 Too many recipients' : undefined
  }
  const [mx] = await sinks({ answer })
  const to = Array.from({ length: 64 }, (_, i) => `r${i}@one.test`)
  const replies = await direct(mx!.port).send(to)
  expect(replies.every((r) => r.result === 'delivered')).toBe(true)
  expect(mx!.messages.flatMap((m) => m.to).sort()).toEqual(to.toSorted())
  expect(mx!.sessions).toHaveLength(1)
})

describe('what a server cannot take', () => {
  const umlaut = 'Subject: x\r\n\r\ngrüße\r\n'
  const header = 'Subject: grüße\r\n\r\nx\r\n'
  test.each([
    ['a message above its SIZE', ['SIZE 10'], 'a@one.test', undefined, '552 5.3.4'],
    ['a local part beyond ASCII', ['8BITMIME'], 'jörg@one.test', undefined, '553 5.6.7'],
    ['a header beyond ASCII', ['8BITMIME'], 'a@one.test', header, '553 5.6.7'],
    ['8-bit text', ['SIZE'], 'a@one.test', umlaut, '554 5.6.3'],
    ['an address with a line break', ['SIZE'], 'a\r\nRCPT TO:<b>@one.test', undefined, '553 5.1.3'],
    ['an address with angle brackets', ['SIZE'], 'a><b@one.test', undefined, '553 5.1.3'],
  ])('%s comes back', async (_what, extensions, to, raw, expected) => {
    const [mx] = await sinks({ extensions })
    const [reply] = await direct(mx!.port).send(to, raw)
    expect(reply?.result).toBe('permanent')
    expect(`${reply?.replyCode} ${reply?.enhancedCode}`).toBe(expected)
    expect(mx!.sessions.flatMap((s) => s.commands)).toEqual(['EHLO mail.us.test'])
  })

  test.each([
    ['jörg@one.test', undefined, ' BODY=8BITMIME SMTPUTF8'],
    ['a@one.test', header, ' BODY=8BITMIME SMTPUTF8'],
    ['a@one.test', umlaut, ' BODY=8BITMIME'],
  ])('what it offers is used for %s', async (to, raw, expected) => {
    const [mx] = await sinks({})
    const [reply] = await direct(mx!.port).send(to, raw)
    expect(reply?.result).toBe('delivered')
    expect(mx!.sessions[0]?.commands[1]?.replace(/ SIZE=\d+/, '')).toBe(`MAIL FROM:<us@us.test>${expected}`)
  })

  test('one address that cannot be written does not hold up the others', async () => {
    const [mx] = await sinks({ extensions: [] })
    const replies = await direct(mx!.port).send(['jörg@one.test', 'a@one.test'])
    expect(replies.map((r) => r.result)).toEqual(['permanent', 'delivered'])
  })

  test('a domain beyond ASCII needs no extension', async () => {
    const [mx] = await sinks({ extensions: [] })
    const zone = { ...twoHosts, 'xn--bcher-kva.test': twoHosts['one.test']! }
    const [reply] = await direct(mx!.port, zone).send('a@bücher.test')
    expect(reply).toMatchObject({ recipient: 'a@bücher.test', result: 'delivered' })
    expect(mx!.messages[0]?.to).toEqual(['a@xn--bcher-kva.test'])
  })
})

describe('TLS', () => {
  const certificate = selfSigned('mx1.one.test', Date.now())
  const other = selfSigned('somebody.else.test', Date.now())
  const enforce = { 'one.test': { mode: 'enforce', mx: ['mx1.one.test'], maxAgeSeconds: 1 } as const }
  const trusted = { tlsOptions: { ca: [certificate.cert, other.cert] } }

  test('is used where it is offered, whatever the certificate', async () => {
    const [mx] = await sinks({ tls: other })
    const [reply] = await direct(mx!.port).send('a@one.test')
    expect(reply?.result).toBe('delivered')
    expect(mx!.sessions).toMatchObject([{ encrypted: true, servername: 'mx1.one.test' }])
    expect(mx!.sessions[0]?.commands.filter((c) => c.startsWith('EHLO'))).toHaveLength(2)
  })

  test.each(['garbage', 'close', 'reset', 'silence', '454 4.7.0 Not now'])(
    'STARTTLS: %s → the same host in the clear',
    async (action) => {
      const [mx1, mx2] = await sinks({ tls: certificate, ...at('STARTTLS', action) }, {})
      const [reply] = await direct(mx1!.port).send('a@one.test')
      expect(reply).toMatchObject({ result: 'delivered', host: 'mx1.one.test' })
      expect([mx1!.messages.length, mx2!.sessions.length]).toEqual([1, 0])
    },
  )

  test('what was said before the handshake is never taken for something said under it', async () => {
    const [mx] = await sinks({ tls: certificate, ...at('STARTTLS', '220 Go ahead\r\n250-sink.test\r\n250 AUTH PLAIN') })
    const [reply] = await direct(mx!.port, oneHost).send('a@one.test')
    expect(reply).toMatchObject({ result: 'temporary', enhancedCode: '4.5.0' })
    expect(mx!.messages).toEqual([])
  })

  test('a policy is kept when the host has a certificate for its name', async () => {
    const [mx] = await sinks({ tls: certificate })
    const [reply] = await direct(mx!.port, twoHosts, { policies: enforce, ...trusted }).send('a@one.test')
    expect(reply?.result).toBe('delivered')
    expect(mx!.sessions[0]?.encrypted).toBe(true)
  })

  test.each<[string, SinkOptions, Partial<DirectOptions>]>([
    ['no TLS', {}, trusted],
    ['a certificate that nobody vouches for', { tls: certificate }, {}],
    ['a certificate for another name', { tls: other }, trusted],
    ['a handshake that fails', { tls: certificate, ...at('STARTTLS', 'garbage') }, trusted],
    ['STARTTLS refused', { tls: certificate, ...at('STARTTLS', '454 4.7.0 Not now') }, trusted],
  ])('a policy that is enforced keeps mail from a host with %s', async (_what, sink, options) => {
    const [mx1, mx2] = await sinks(sink, { tls: certificate })
    const [reply] = await direct(mx1!.port, twoHosts, { policies: enforce, ...options }).send('a@one.test')
    expect(reply).toMatchObject({ result: 'temporary', host: 'mx1.one.test', enhancedCode: '4.7.5' })
    // The second one is not in the policy.
    expect([mx1!.messages.length, mx2!.sessions.length]).toEqual([0, 0])
  })

  test('where the policy names none of the hosts, mail waits', async () => {
    const policies = { 'one.test': { mode: 'enforce', mx: ['*.two.test'], maxAgeSeconds: 1 } as const }
    const [mx1] = await sinks({ tls: certificate })
    const [reply] = await direct(mx1!.port, twoHosts, { policies, ...trusted }).send('a@one.test')
    expect(reply).toMatchObject({ result: 'temporary', enhancedCode: '4.7.5', host: null })
    expect(mx1!.sessions).toEqual([])
  })

  test('a policy in testing stops nothing', async () => {
    const policies = { 'one.test': { ...enforce['one.test'], mode: 'testing' as const } }
    const [mx1] = await sinks({})
    const [reply] = await direct(mx1!.port, twoHosts, { policies }).send('a@one.test')
    expect(reply?.result).toBe('delivered')
  })
})

describe('where mail goes', () => {
  const answers = async (zone: Record<string, FakeRecords>, to = 'a@one.test', options: Setting = {}) => {
    const [mx] = await sinks({}, {}, {})
    const [reply] = await direct(mx!.port, zone, options).send(to)
    const { result, replyCode, enhancedCode, host } = reply!
    return [result, replyCode, enhancedCode, host]
  }
  const zone = (one: FakeRecords, more: Record<string, FakeRecords> = {}) => ({ 'one.test': one, ...more })

  test.each<[string, Record<string, FakeRecords>, unknown[]]>([
    ['null MX', zone({ mx: [{ exchange: '', priority: 0 }] }), ['permanent', 556, '5.1.10', null]],
    ['no such domain', { 'other.test': {} }, ['permanent', 550, '5.1.2', null]],
    ['no MX: the domain itself', zone({ a: ['127.0.0.1'] }), ['delivered', 250, '2.0.0', 'one.test']],
    ['no MX and no address', zone({ txt: ['x'] }), ['permanent', 550, '5.4.4', null]],
    ['MX does not answer', zone({ timeout: true }), ['temporary', 451, '4.4.3', null]],
    [
      'address does not answer',
      zone({ mx: ['mx.test'] }, { 'mx.test': { servfail: true } }),
      ['temporary', 451, '4.4.3', null],
    ],
    ['MX without address', zone({ mx: ['mx.test'] }), ['permanent', 550, '5.4.4', null]],
    ['a host name that is none', zone({ mx: ['m\u0000x..test'] }), ['permanent', 550, '5.4.4', null]],
    [
      'a private address',
      zone({ mx: ['mx.test'] }, { 'mx.test': { a: ['10.0.0.1'] } }),
      ['permanent', 550, '5.4.4', null],
    ],
    [
      'our own name',
      zone({ mx: ['MAIL.us.test'] }, { 'mail.us.test': { a: ['127.0.0.1'] } }),
      ['permanent', 550, '5.4.6', null],
    ],
    [
      'our own address',
      zone({ mx: ['mx.test'] }, { 'mx.test': { a: ['127.0.0.99'] } }),
      ['permanent', 550, '5.4.6', null],
    ],
    [
      'an alias',
      zone({ mx: ['mx.test'] }, { 'mx.test': { cname: 'real.test' }, 'real.test': { a: ['127.0.0.1'] } }),
      ['delivered', 250, '2.0.0', 'mx.test'],
    ],
    [
      'a domain that is an alias',
      { 'one.test': { cname: 'real.test' }, 'real.test': { a: ['127.0.0.1'] } },
      ['delivered', 250, '2.0.0', 'one.test'],
    ],
    [
      'a host without IPv6',
      zone({ mx: ['mx.test'] }, { 'mx.test': { aaaa: ['2001:db8::1'], a: ['127.0.0.1'] } }),
      ['delivered', 250, '2.0.0', 'mx.test'],
    ],
    [
      'a dead host before a good one',
      zone({ mx: ['dead.test', 'mx.test'] }, { 'mx.test': { a: ['127.0.0.1'] } }),
      ['delivered', 250, '2.0.0', 'mx.test'],
    ],
    [
      'a better host than us, which is down',
      zone({ mx: ['down.test', 'mail.us.test'] }, { 'down.test': { a: ['127.0.0.50'] } }),
      ['temporary', null, '4.4.1', 'down.test'],
    ],
  ])('%s', async (_what, records, expected) => {
    expect(await answers(records)).toEqual(expected)
  })

  test.each(['a@[127.0.0.1]', 'a@[IPv6:::1]', 'a@', 'a@-..test'])('%s is refused', async (to) => {
    expect((await answers(twoHosts, to)).slice(0, 3)).toEqual(['permanent', 553, '5.1.2'])
  })

  test('hosts come by preference, equals in any order, twenty at most', async () => {
    const mx = [
      { exchange: 'b', priority: 20 },
      { exchange: 'a1', priority: 10 },
      { exchange: 'a2', priority: 10 },
      ...Array.from({ length: 30 }, (_, i) => ({ exchange: `z${i}`, priority: 99 })),
    ]
    const { findDestination } = await import('./destinations.ts')
    const order = async (random: () => number) => {
      const found = await findDestination('one.test', {
        resolver: fakeResolver({ 'one.test': { mx } }),
        mailHost: 'us',
        random,
      })
      return 'hosts' in found ? found.hosts.map((h) => h.name) : []
    }
    const falling = () => [0.9, 0.8, 0.1][calls++ % 3] ?? 0
    let calls = 0
    expect((await order(() => 0)).slice(0, 3)).toEqual(['a1', 'a2', 'b'])
    expect((await order(falling)).slice(0, 3)).toEqual(['a2', 'a1', 'b'])
    expect(await order(() => 0)).toHaveLength(20)
  })
})

describe('connections', () => {
  test('are used again for the next message, and closed after ten seconds of rest', async () => {
    const [mx] = await sinks({})
    const { send, clock } = direct(mx!.port)
    await send('a@one.test')
    await send('b@one.test')
    expect([mx!.sessions.length, mx!.messages.length]).toEqual([1, 2])
    clock.advance(10_001)
    await expect.poll(() => mx!.open).toBe(0)
    expect(mx!.sessions[0]?.commands.at(-1)).toBe('QUIT')
    await send('c@one.test')
    expect(mx!.sessions).toHaveLength(2)
  })

  test('that the server has closed meanwhile are replaced without a word', async () => {
    const [mx] = await sinks({})
    const { send } = direct(mx!.port)
    await send('a@one.test')
    mx!.cut()
    const [reply] = await send('b@one.test')
    expect(reply?.result).toBe('delivered')
  })

  test('that the server closes when used again are replaced without a word', async () => {
    let mails = 0
    const [mx, mx2] = await sinks({ answer: (stage) => (stage === 'MAIL' && ++mails === 2 ? 'close' : undefined) }, {})
    const { send } = direct(mx!.port)
    await send('a@one.test')
    const [reply] = await send('b@one.test')
    expect(reply).toMatchObject({ result: 'delivered', host: 'mx1.one.test' })
    expect([mx!.sessions.length, mx2!.sessions.length]).toEqual([2, 0])
  })

  test('to one destination are few at first and never more than the most', async () => {
    const [mx] = await sinks({})
    const { send } = direct(mx!.port)
    await Promise.all(Array.from({ length: 30 }, (_, i) => send(`r${i}@one.test`)))
    expect(mx!.messages).toHaveLength(30)
    expect(mx!.peak).toBeGreaterThan(1)
    expect(mx!.peak).toBeLessThanOrEqual(5)
  })
})

test('when we hang up, what is under way is answered, and nothing more begins', async () => {
  const [mx1, mx2] = await sinks(at('connect', 'silence'), {})
  const { send, sender } = direct(mx1!.port, twoHosts, { timeouts: sameTimeouts(15_000) })
  const replies = [1, 2, 3].map((i) => send(`a${i}@one.test`))
  await expect.poll(() => mx1!.open).toBe(2)
  sender.hangUp()
  expect((await Promise.all(replies)).flat().map((r) => r.result)).toEqual(['temporary', 'temporary', 'untried'])
  expect(mx2!.sessions).toEqual([])
})

describe('back-off', () => {
  test('after 421 a destination rests a minute, and others go on', async () => {
    const zone = { ...twoHosts, 'two.test': { mx: ['mx3.two.test'] }, 'mx3.two.test': { a: ['127.0.0.3'] } }
    const [mx1, mx2, mx3] = await sinks(at('connect', '421 4.7.0 Slow down'), at('MAIL', '421 4.7.0 Slow down'), {})
    const { send, clock } = direct(mx1!.port, zone)
    const slow = { result: 'temporary', replyCode: 421, enhancedCode: '4.7.0', text: 'Slow down' }
    expect((await send('a@one.test'))[0]).toMatchObject({ ...slow, retryAfterSeconds: 60 })
    clock.advance(20_000)
    expect((await send('b@one.test'))[0]).toMatchObject({ ...slow, result: 'untried', retryAfterSeconds: 40 })
    expect([mx1!.sessions.length, mx2!.sessions.length]).toEqual([1, 1])
    expect((await send('c@two.test'))[0]?.result).toBe('delivered')
    clock.advance(40_000)
    mx2!.answer = () => undefined
    expect((await send('d@one.test'))[0]?.result).toBe('delivered')
    expect(mx3!.messages).toHaveLength(1)
  })

  test('a destination gets no more than so many messages a minute, and others go on', async () => {
    const zone = { ...oneHost, 'two.test': { a: ['127.0.0.1'] } }
    const [mx] = await sinks({})
    const { send, clock } = direct(mx!.port, zone, { perMinute: 20 })
    const results = async (to: string) => (await send(to))[0]
    for (let i = 0; i < 2; i++) expect((await results('a@one.test'))?.result).toBe('delivered')
    const tooFast = { result: 'untried', replyCode: 451, enhancedCode: '4.4.5', retryAfterSeconds: 3 }
    expect(await results('a@one.test')).toMatchObject(tooFast)
    expect((await results('a@two.test'))?.result).toBe('delivered')
    clock.advance(3_000)
    expect((await results('a@one.test'))?.result).toBe('delivered')
    expect(mx!.messages).toHaveLength(4)
  })

  test('a destination that nobody answers for rests after the third time', async () => {
    const [mx] = await sinks(at('connect', 'close'), at('connect', 'close'))
    const { send, clock } = direct(mx!.port)
    for (let i = 0; i < 5; i++) expect((await send('a@one.test'))[0]?.result).toBe(i < 3 ? 'temporary' : 'untried')
    expect(mx!.sessions).toHaveLength(3)
    clock.advance(60_000)
    mx!.answer = () => undefined
    expect((await send('a@one.test'))[0]?.result).toBe('delivered')
  })

  test('two destinations that do not answer hold up no third', async () => {
    const zone: Record<string, FakeRecords> = {
      'slow1.test': { mx: ['mx1.test'] },
      'slow2.test': { mx: ['mx2.test'] },
      'quick.test': { mx: ['mx3.test'] },
      'mx1.test': { a: ['127.0.0.1'] },
      'mx2.test': { a: ['127.0.0.2'] },
      'mx3.test': { a: ['127.0.0.3'] },
    }
    const [mx1, mx2] = await sinks(at('connect', 'silence'), at('end', 'silence'), {})
    const { send } = direct(mx1!.port, zone, { timeouts: sameTimeouts(15_000) })
    let slow = 0
    const stuck = ['a@slow1.test', 'b@slow1.test', 'a@slow2.test', 'b@slow2.test'].map(async (to) => {
      const [reply] = await send(to)
      slow++
      return reply?.result
    })
    for (let i = 0; i < 20; i++) expect((await send(`q${i}@quick.test`))[0]?.result).toBe('delivered')
    expect(slow).toBe(0)
    await expect.poll(() => [mx1!.open, mx2!.open]).toEqual([2, 2])
    for (const mx of [mx1, mx2]) mx!.cut()
    expect(await Promise.all(stuck)).toEqual(Array(4).fill('temporary'))
  })
})
