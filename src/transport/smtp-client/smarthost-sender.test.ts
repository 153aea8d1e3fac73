import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { afterEach, describe, expect, test } from 'vitest'
import { manualClock } from '../../../test/support/clock.ts'
import { testSmtp } from '../../../test/support/smtp.ts'
import { type SinkOptions, SmtpSink, scripted, sinkCertificate } from '../../../test/support/smtp-sink.ts'
import { silentLog } from '../../core/log.ts'
import type { Consignment, RecipientReply } from '../../core/outbound/mail-sender.ts'
import { type Smarthost, type SmarthostOptions, SmarthostSender } from './smarthost-sender.ts'
import { sameTimeouts } from './timeouts.ts'

const raw = Buffer.from('Subject: Hello\r\n\r\nHi there\r\n')
const consignment: Consignment = { mailFrom: 'ada@posthouse.test', recipients: ['eve@example.com'], raw }
const open = { kind: 'smarthost', host: '127.0.0.1', port: 25, secure: false, user: null, password: null } as const

let opened = new AsyncDisposableStack()
afterEach(async () => {
  await opened.disposeAsync()
  opened = new AsyncDisposableStack()
})

interface RoadOptions extends Omit<SinkOptions, 'answer'>, Partial<SmarthostOptions> {
  route?: Partial<Smarthost>
  script?: Parameters<typeof scripted>[0]
}

/** A smarthost, and the sender that hands it mail. */
async function road({ route, script = {}, extensions, tls, implicitTls, users, ...options }: RoadOptions = {}) {
  const sinkOptions = { extensions, tls, implicitTls, users, answer: scripted(script) }
  const sink = opened.use(await SmtpSink.listen(sinkOptions as SinkOptions))
  const clock = manualClock()
  const sender = opened.use(newSender({ clock, ...options }))
  return {
    ...{ sink, sender, clock },
    send: (fields?: Partial<Consignment>): Promise<RecipientReply[]> =>
      sender.send({ ...open, port: sink.port, ...route }, { ...consignment, ...fields }),
  }
}

function newSender(options: Partial<SmarthostOptions> = {}): SmarthostSender {
  const usual = { clock: manualClock(), log: silentLog, helo: 'mail.posthouse.test', trustedNets: ['127.0.0.0/8'] }
  return new SmarthostSender({ ...usual, ...options })
}

const taken = { result: 'sent', host: '127.0.0.1', replyCode: 250, enhancedCode: '2.0.0', text: 'Queued as 1' }

test('a mail is handed over, and the reply told', async () => {
  const r = await road()
  expect(await r.send()).toEqual([{ recipient: 'eve@example.com', ...taken }])
  expect(r.sink.messages).toMatchObject([
    { from: 'ada@posthouse.test', to: ['eve@example.com'], parameters: `SIZE=${raw.length}`, raw },
  ])
  expect(r.sink.commands[0]).toBe('EHLO mail.posthouse.test')
})

test('the bytes arrive as they are, dots and long lines and all', async () => {
  const r = await road()
  const odd = Buffer.concat([
    Buffer.from('Subject: Odd\r\n\r\n.\r\n..\r\n...x\r\n. \r\na.b\r\n'),
    Buffer.from('x'.repeat(5_000)),
    Buffer.from('\r\n\xff\xfe\0\r\n.\r\n', 'latin1'),
  ])
  await r.send({ raw: odd })
  expect(r.sink.messages[0]?.raw.equals(odd)).toBe(true)
  expect(r.sink.messages[0]?.parameters).toContain('BODY=8BITMIME')
})

test('recipients in quotes and with underscores arrive as they are', async () => {
  const r = await road()
  const recipients = ['"c..d"@ext.example', '"e f"@ext.example', 'g@ex_t.example']
  await r.send({ recipients })
  expect(r.sink.messages[0]?.to).toEqual(recipients)
})

test('each recipient has a reply of its own', async () => {
  const script = {
    RCPT: (path: string) =>
      path.includes('gone')
        ? '550 5.1.1 Nobody'
        : path.includes('full')
          ? '452-4.2.2 Full\r\n452 4.2.2 Come back'
          : undefined,
  }
  const r = await road({ script })
  const recipients = ['gone@example.com', 'eve@example.com', 'full@example.com']
  expect(await r.send({ recipients })).toEqual([
    {
      recipient: 'gone@example.com',
      result: 'permanent',
      host: '127.0.0.1',
      replyCode: 550,
      enhancedCode: '5.1.1',
      text: 'Nobody',
    },
    { recipient: 'eve@example.com', ...taken },
    {
      recipient: 'full@example.com',
      result: 'temporary',
      host: '127.0.0.1',
      replyCode: 452,
      enhancedCode: '4.2.2',
      text: 'Full Come back',
    },
  ])
  expect(r.sink.messages).toMatchObject([{ to: ['eve@example.com'] }])
})

test.each([
  [
    'a 5yz to MAIL is for good',
    { MAIL: '550 5.7.1 No' },
    { result: 'permanent', replyCode: 550, enhancedCode: '5.7.1', text: 'No' },
  ],
  ['a 4yz to MAIL is not', { MAIL: '451 4.3.0 Later' }, { result: 'temporary', replyCode: 451, enhancedCode: '4.3.0' }],
  [
    'a 5yz to RCPT is for good',
    { RCPT: '550 No' },
    { result: 'permanent', replyCode: 550, enhancedCode: null, text: 'No' },
  ],
  ['552 to RCPT once meant too many recipients', { RCPT: '552 Too many' }, { result: 'temporary', replyCode: 552 }],
  [
    '552 5.2.2 means a full mailbox',
    { RCPT: '552 5.2.2 Full' },
    { result: 'permanent', replyCode: 552, enhancedCode: '5.2.2' },
  ],
  ['a 5yz to DATA is for good', { DATA: '554 5.6.0 No' }, { result: 'permanent', replyCode: 554 }],
  [
    'a 5yz to the message is for good',
    { end: '554 5.7.1 Spam' },
    { result: 'permanent', replyCode: 554, text: 'Spam' },
  ],
  [
    'a 4yz to the message is not',
    { end: '452 4.3.1 Full' },
    { result: 'temporary', replyCode: 452, enhancedCode: '4.3.1' },
  ],
  ['421 is a goodbye', { MAIL: '421 4.3.2 Closing' }, { result: 'temporary', replyCode: 421 }],
  ['who closes says nothing about the mail', { connect: 'close' }, { result: 'temporary', replyCode: null }],
  ['nor who closes at RCPT', { RCPT: 'close' }, { result: 'temporary', replyCode: null }],
  ['nor who closes before the last reply', { end: 'close' }, { result: 'temporary', replyCode: null }],
  ['a 5yz greeting is about the server', { connect: '554 5.3.2 Not now' }, { result: 'temporary', replyCode: 554 }],
  ['nonsense is no reply', { MAIL: 'hello there' }, { result: 'temporary' }],
])('%s', async (_, script, reply) => {
  const r = await road({ script })
  expect(await r.send()).toMatchObject([{ recipient: 'eve@example.com', host: '127.0.0.1', ...reply }])
  expect(r.sink.messages).toEqual([])
})

test.each(['connect', 'EHLO', 'MAIL', 'DATA', 'end'] as const)('silence at %s has an end', async (stage) => {
  const r = await road({ script: { [stage]: 'silence' }, timeouts: sameTimeouts(100) })
  expect(await r.send()).toMatchObject([{ result: 'temporary', replyCode: null }])
})

test('nobody at the port is a reason to come back', async () => {
  const r = await road()
  await r.sink[Symbol.asyncDispose]()
  expect(await r.send()).toMatchObject([{ result: 'temporary', replyCode: null, text: 'Connection refused (connect)' }])
})

describe('TLS and passwords', () => {
  const login = { user: 'ada', password: 'p:ä ss' }
  const users = { ada: 'p:ä ss' }
  const tls = sinkCertificate
  const extensions = ['AUTH PLAIN LOGIN']

  test('STARTTLS is used where it is offered, whoever signed the certificate', async () => {
    const r = await road({ tls })
    expect(await r.send()).toMatchObject([{ result: 'sent' }])
    expect(r.sink.messages).toMatchObject([{ encrypted: true }])
  })

  test.each(['garbage', '454 4.7.0 No TLS today'])(
    'where STARTTLS fails (%s), mail goes in the clear',
    async (told) => {
      const r = await road({ tls, script: { STARTTLS: told } })
      expect(await r.send()).toMatchObject([{ result: 'sent' }])
      expect(r.sink.messages).toMatchObject([{ encrypted: false }])
    },
  )

  test.each(['garbage', '454 4.7.0 No TLS today'])('but no password does (%s)', async (told) => {
    const r = await road({ extensions, tls, users, script: { STARTTLS: told }, route: login })
    expect(await r.send()).toMatchObject([{ result: 'temporary', replyCode: null, enhancedCode: '4.7.5' }])
    expect(r.sink.commands.filter((line) => line.includes('AUTH'))).toEqual([])
  })

  test('on a trusted network a password may go to a server without TLS', async () => {
    const r = await road({ extensions, users, route: login })
    expect(await r.send()).toMatchObject([{ result: 'sent' }])
    expect(r.sink.messages).toMatchObject([{ encrypted: false, user: 'ada' }])
  })

  test('on any other it may not, and the attempt says why', async () => {
    const r = await road({ extensions, users, route: login, trustedNets: [] })
    const text = 'The server does not encrypt, and no password goes in the clear'
    expect(await r.send()).toMatchObject([{ result: 'temporary', enhancedCode: '4.7.5', text }])
    expect(r.sink.commands).toEqual(['EHLO mail.posthouse.test'])
  })

  test.each([
    ['STARTTLS', { tls }],
    ['smtps', { implicitTls: true }],
  ])('nor to one that cannot prove its name (%s)', async (_, how) => {
    const route = { ...login, secure: 'implicitTls' in how }
    const r = await road({ extensions, users, route, trustedNets: [], ...how })
    expect(await r.send()).toMatchObject([{ result: 'temporary', enhancedCode: '4.7.5' }])
    expect(r.sink.commands.filter((line) => line.includes('AUTH'))).toEqual([])
  })

  test('without a password, mail takes any certificate after STARTTLS everywhere', async () => {
    const r = await road({ tls, trustedNets: [] })
    expect(await r.send()).toMatchObject([{ result: 'sent' }])
    expect(r.sink.messages).toMatchObject([{ encrypted: true }])
  })

  test('smtps speaks TLS from the first byte, and signs in', async () => {
    const r = await road({ implicitTls: true, extensions, users, route: { ...login, secure: true } })
    expect(await r.send()).toMatchObject([{ result: 'sent' }])
    expect(r.sink.messages).toMatchObject([{ encrypted: true, user: 'ada' }])
  })

  test('LOGIN is spoken where PLAIN is not', async () => {
    const r = await road({ extensions: ['AUTH=CRAM-MD5 LOGIN'], users, route: login })
    expect(await r.send()).toMatchObject([{ result: 'sent' }])
    expect(r.sink.messages).toMatchObject([{ user: 'ada' }])
    expect(r.sink.commands).toContain('AUTH LOGIN')
  })

  test('a password too long for the line follows on one of its own', async () => {
    const password = 'ä'.repeat(300)
    const r = await road({ extensions, users: { ada: password }, route: { user: 'ada', password } })
    expect(await r.send()).toMatchObject([{ result: 'sent' }])
    expect(r.sink.commands).toContain('AUTH PLAIN')
  })

  test.each([
    [['AUTH CRAM-MD5'], /neither PLAIN nor LOGIN .* only CRAM-MD5$/],
    [[], /no AUTH at all$/],
  ])('a server that offers %j cannot be signed in to', async (offered, text) => {
    const r = await road({ extensions: offered, users, route: login })
    expect(await r.send()).toMatchObject([{ result: 'temporary', text: expect.stringMatching(text) }])
    expect(r.sink.messages).toEqual([])
  })

  test.each(['250 2.0.0 Hm', '334 more', 'close', 'silence'])(
    'AUTH answered with %s lets no mail out',
    async (AUTH) => {
      const r = await road({ extensions, users, route: login, script: { AUTH }, timeouts: sameTimeouts(100) })
      expect(await r.send()).toMatchObject([{ result: 'temporary', text: expect.stringContaining('AUTH') }])
      expect(r.sink.messages).toEqual([])
    },
  )
})

test('a wrong password can be put right before the mail is given up', async () => {
  const route = { user: 'ada', password: 'wrong' }
  const r = await road({ extensions: ['AUTH PLAIN'], users: { ada: 'right' }, route })
  expect(await r.send()).toMatchObject([{ result: 'temporary', replyCode: 535, enhancedCode: '5.7.8' }])
})

test('a connection is used again, and the next after a refusal too', async () => {
  const r = await road({ script: { RCPT: (path) => (path.includes('gone') ? '550 5.1.1 Nobody' : undefined) } })
  await r.send()
  await r.send({ recipients: ['gone@example.com'] })
  await r.send()
  expect(r.sink.sessions.length).toBe(1)
  expect(r.sink.messages).toHaveLength(2)
})

test('a connection that its peer closed meanwhile is replaced', async () => {
  const r = await road({ script: { MAIL: (_, count) => (count === 1 ? '421 4.4.2 Idle too long' : undefined) } })
  await r.send()
  expect(await r.send()).toMatchObject([{ result: 'sent' }])
  r.sink.cut()
  expect(await r.send()).toMatchObject([{ result: 'sent' }])
  expect(r.sink.sessions.length).toBe(3)
})

test('a message whose reply was lost is not sent again on its own', async () => {
  const r = await road({ script: { end: (_, count) => (count === 1 ? 'close' : undefined) } })
  await r.send()
  expect(await r.send()).toMatchObject([{ result: 'temporary', replyCode: null }])
  expect(r.sink.commands.filter((line) => line.endsWith('DATA'))).toHaveLength(2)
})

test('many mails share a few connections', async () => {
  const r = await road({ connections: 3 })
  const replies = await Promise.all(Array.from({ length: 30 }, () => r.send()))
  expect(replies.flat().every((reply) => reply.result === 'sent')).toBe(true)
  expect(r.sink.messages).toHaveLength(30)
  expect(r.sink.peak).toBe(3)
})

test('a connection is closed after ten seconds of rest', async () => {
  const r = await road()
  await r.send()
  r.clock.advance(10_001)
  await expect.poll(() => r.sink.open).toBe(0)
  expect(r.sink.commands.at(-1)).toBe('QUIT')
})

test('whom no connection comes free for was not tried, and no more than so many wait', async () => {
  const r = await road({ script: { connect: 'silence' }, connections: 1 })
  const replies = Array.from({ length: 40 }, () => r.send())
  const busy = { result: 'untried', enhancedCode: '4.4.5', retryAfterSeconds: 1 }
  expect(await Promise.race(replies)).toMatchObject([busy])
  r.clock.advance(10_001)
  expect((await Promise.all(replies.slice(1))).flat()).toEqual(Array(39).fill(expect.objectContaining(busy)))
  r.sender.hangUp()
  expect(await replies[0]).toMatchObject([{ result: 'temporary', replyCode: null }])
})

test('when we hang up, what is under way is answered, and nothing more begins', async () => {
  const r = await road({ script: { DATA: 'silence' }, connections: 1 })
  const replies = [r.send(), r.send()]
  await expect.poll(() => r.sink.commands.at(-1)).toBe('DATA')
  r.sender.hangUp()
  expect((await Promise.all(replies)).flat().map((reply) => reply.result)).toEqual(['temporary', 'untried'])
  expect(await r.send()).toMatchObject([{ result: 'temporary' }])
  expect(r.sink.sessions).toHaveLength(1)
})

test('a look-up without end is cut off too', async () => {
  const r = await road({ lookUp: () => new Promise(() => {}) })
  const reply = r.send()
  r.sender.hangUp()
  expect(await reply).toMatchObject([{ result: 'temporary', enhancedCode: '4.4.2' }])
})

test.each(['connect', 'EHLO', 'MAIL', 'RCPT', 'DATA'] as const)(
  'a server that says nothing to %s is given up when the time of the attempt is over',
  async (stage) => {
    const r = await road({ script: { [stage]: 'silence' }, attemptMs: 100 })
    expect(await r.send()).toMatchObject([{ result: 'temporary', replyCode: null, enhancedCode: '4.4.2' }])
  },
)

test('a host with several addresses is tried at the next when one does not answer', async () => {
  const lookUp = async () => ['127.0.0.77', '127.0.0.1']
  const r = await road({ lookUp, route: { host: 'relay.test' } })
  expect(await r.send()).toMatchObject([{ result: 'sent', host: 'relay.test' }])
})

test('a host whose name leads nowhere is a reason to come back', async () => {
  const r = await road({ route: { host: 'relay.invalid' } })
  expect(await r.send()).toMatchObject([{ result: 'temporary', host: 'relay.invalid', enhancedCode: '4.4.3' }])
})

test('disposing says goodbye to those who wait', async () => {
  const r = await road()
  await r.send()
  await r.sender[Symbol.asyncDispose]()
  await expect.poll(() => r.sink.commands.at(-1)).toBe('QUIT')
})

test('what is larger than the peer takes is not offered', async () => {
  const r = await road({ extensions: ['SIZE 10'] })
  expect(await r.send()).toMatchObject([{ result: 'permanent', replyCode: 552, enhancedCode: '5.3.4' }])
  expect(r.sink.commands.filter((line) => line.includes('MAIL'))).toEqual([])
})

test.each([
  ['a recipient', { recipients: ['jösé@example.com'] }],
  ['a header', { raw: Buffer.from('To: jösé@example.com\r\n\r\nHi\r\n') }],
])('%s beyond ASCII needs a peer with SMTPUTF8', async (_, fields) => {
  const able = await road()
  expect(await able.send(fields)).toMatchObject([{ result: 'sent' }])
  expect(able.sink.messages[0]?.parameters.split(' ')).toContain('SMTPUTF8')
  const unable = await road({ extensions: ['8BITMIME'] })
  expect(await unable.send(fields)).toMatchObject([{ result: 'permanent', replyCode: 553, enhancedCode: '5.6.7' }])
  expect(unable.sink.commands.filter((line) => line.includes('MAIL'))).toEqual([])
})

test('a peer that takes seven bits only is given the mail in seven bits, and others as it is', async () => {
  const fields = {
    raw: Buffer.from('Subject: x\r\n\r\njösé\r\n'),
    sevenBit: async () => Buffer.from('in seven bits\r\n'),
  }
  const able = await road()
  await able.send(fields)
  expect(able.sink.messages[0]?.raw).toEqual(fields.raw)
  const unable = await road({ extensions: ['SIZE'] })
  expect(await unable.send(fields)).toMatchObject([{ result: 'sent' }])
  expect(unable.sink.messages[0]).toMatchObject({ parameters: 'SIZE=15', raw: Buffer.from('in seven bits\r\n') })
  const impossible = await road({ extensions: ['SIZE'] })
  expect(await impossible.send({ ...fields, sevenBit: async () => null })).toMatchObject([{ enhancedCode: '5.6.3' }])
})

test('a peer without EHLO will do', async () => {
  const r = await road({ script: { EHLO: '502 5.5.1 What?' } })
  expect(await r.send({ mailFrom: '' })).toMatchObject([{ result: 'sent' }])
  expect(r.sink.messages).toMatchObject([{ from: '', parameters: '' }])
})

test('our own server takes what our own client sends', async () => {
  await using smtp = await testSmtp()
  const sender = opened.use(newSender())
  const route = {
    kind: 'smarthost',
    host: '127.0.0.1',
    port: smtp.port,
    secure: false,
    user: null,
    password: null,
  } as const
  const message = Buffer.from(`Subject: Grüße\r\n\r\n.\r\n${'ü'.repeat(400_000)}\r\n..\r\n`)
  const recipients = ['ada@posthouse.test', 'nobody@posthouse.test']
  expect(await sender.send(route, { mailFrom: 'eve@example.com', recipients, raw: message })).toMatchObject([
    { recipient: 'ada@posthouse.test', result: 'sent', replyCode: 250 },
    { recipient: 'nobody@posthouse.test', result: 'permanent', replyCode: 550, enhancedCode: '5.1.1' },
  ])
  expect((await smtp.raw('ada')).equals(message)).toBe(true)
})

test("another's server takes it too, over STARTTLS and signed in", async () => {
  const received: { from: string | false; to: string[]; user: unknown; secure: boolean; bytes: Buffer }[] = []
  const server = new SMTPServer({
    ...sinkCertificate,
    logger: false,
    onAuth: ({ username }, _session, done) => done(null, { user: username }),
    async onData(stream, { envelope, user, secure }, done) {
      const bytes = Buffer.concat(await stream.toArray())
      const from = envelope.mailFrom ? envelope.mailFrom.address : false
      received.push({ from, to: envelope.rcptTo.map((r) => r.address), user, secure, bytes })
      done()
    },
  })
  const port = await new Promise<number>((resolve) => {
    const listening = server.listen(0, '127.0.0.1', () => resolve((listening.address() as AddressInfo).port))
  })
  const sender = opened.use(newSender())
  const route = { kind: 'smarthost', host: '127.0.0.1', port, secure: false, user: 'ada', password: 'pass' } as const
  expect(await sender.send(route, consignment)).toMatchObject([{ result: 'sent', replyCode: 250 }])
  expect(received).toEqual([
    { from: 'ada@posthouse.test', to: ['eve@example.com'], user: 'ada', secure: true, bytes: raw },
  ])
  sender.hangUp()
  await new Promise<void>((resolve) => server.close(resolve))
})
