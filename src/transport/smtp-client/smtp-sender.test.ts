import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { expect, test } from 'vitest'
import { testSmtp } from '../../../test/support/smtp.ts'
import { type SinkOptions, SmtpSink, sinkCertificate } from '../../../test/support/smtp-sink.ts'
import { silentLog } from '../../core/log.ts'
import type { Consignment, RecipientReply } from '../../core/outbound/mail-sender.ts'
import type { DeliveryRoute } from '../../core/outbound/route.ts'
import type { Timeouts } from './peer.ts'
import { SmtpSender } from './smtp-sender.ts'

const raw = Buffer.from('Subject: Hello\r\n\r\nHi there\r\n')
const consignment: Consignment = { mailFrom: 'ada@posthouse.test', recipients: ['eve@example.com'], raw }

interface Road extends AsyncDisposable {
  sink: SmtpSink
  sender: SmtpSender
  send(fields?: Partial<Consignment>): Promise<RecipientReply[]>
}

interface RoadOptions extends SinkOptions {
  route?: Partial<Extract<DeliveryRoute, { kind: 'smarthost' }>>
  timeouts?: Partial<Timeouts>
  connectionsPerPeer?: number
}

async function road({ route, timeouts, connectionsPerPeer, ...options }: RoadOptions = {}): Promise<Road> {
  const sink = await SmtpSink.start(options)
  const sender = new SmtpSender({
    log: silentLog,
    helo: 'mail.posthouse.test',
    ...(timeouts ? { timeouts } : {}),
    ...(connectionsPerPeer ? { connectionsPerPeer } : {}),
  })
  const smarthost = {
    kind: 'smarthost',
    host: '127.0.0.1',
    port: sink.port,
    secure: false,
    user: null,
    password: null,
  } as const
  return {
    sink,
    sender,
    send: (fields) => sender.send({ ...smarthost, ...route }, { ...consignment, ...fields }),
    async [Symbol.asyncDispose]() {
      await sender[Symbol.asyncDispose]()
      await sink[Symbol.asyncDispose]()
    },
  }
}

const taken = { result: 'sent', host: '127.0.0.1', replyCode: 250, enhancedCode: '2.0.0', text: 'Ok: taken' }

test('a mail is handed over, and the reply told', async () => {
  await using r = await road()
  expect(await r.send()).toEqual([{ recipient: 'eve@example.com', ...taken }])
  expect(r.sink.mails).toMatchObject([
    { mailFrom: 'ada@posthouse.test', recipients: ['eve@example.com'], mailParameters: `SIZE=${raw.length}`, raw },
  ])
  expect(r.sink.commands[0]).toBe('0 EHLO mail.posthouse.test')
})

test('the bytes arrive as they are, dots and long lines and all', async () => {
  await using r = await road()
  const odd = Buffer.concat([
    Buffer.from('Subject: Odd\r\n\r\n.\r\n..\r\n...x\r\n. \r\na.b\r\n'),
    Buffer.from('x'.repeat(5_000)),
    Buffer.from('\r\n\xff\xfe\0\r\n.\r\n', 'latin1'),
  ])
  await r.send({ raw: odd })
  expect(r.sink.mails[0]?.raw.equals(odd)).toBe(true)
  expect(r.sink.mails[0]?.mailParameters).toContain('BODY=8BITMIME')
})

test('each recipient has a reply of its own', async () => {
  const script = {
    rcpt: (path: string) =>
      path.includes('gone')
        ? '550 5.1.1 Nobody'
        : path.includes('full')
          ? '452-4.2.2 Full\r\n452 4.2.2 Come back'
          : undefined,
  }
  await using r = await road({ script })
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
  expect(r.sink.mails).toMatchObject([{ recipients: ['eve@example.com'] }])
})

test.each([
  [
    'a 5yz to MAIL is for good',
    { mail: '550 5.7.1 No' },
    { result: 'permanent', replyCode: 550, enhancedCode: '5.7.1', text: 'No' },
  ],
  ['a 4yz to MAIL is not', { mail: '451 4.3.0 Later' }, { result: 'temporary', replyCode: 451, enhancedCode: '4.3.0' }],
  [
    'a 5yz to RCPT is for good',
    { rcpt: '550 No' },
    { result: 'permanent', replyCode: 550, enhancedCode: null, text: 'No' },
  ],
  ['552 to RCPT once meant too many recipients', { rcpt: '552 Too many' }, { result: 'temporary', replyCode: 552 }],
  [
    '552 5.2.2 means a full mailbox',
    { rcpt: '552 5.2.2 Full' },
    { result: 'permanent', replyCode: 552, enhancedCode: '5.2.2' },
  ],
  ['a 5yz to DATA is for good', { data: '554 5.6.0 No' }, { result: 'permanent', replyCode: 554 }],
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
  ['421 is a goodbye', { mail: '421 4.3.2 Closing' }, { result: 'temporary', replyCode: 421 }],
  ['who closes says nothing about the mail', { connect: 'close' }, { result: 'temporary', replyCode: null }],
  ['nor who closes at RCPT', { rcpt: 'close' }, { result: 'temporary', replyCode: null }],
  ['nor who closes before the last reply', { end: 'close' }, { result: 'temporary', replyCode: null }],
  ['a 5yz greeting is about the server', { connect: '554 5.3.2 Not now' }, { result: 'temporary', replyCode: 554 }],
  ['nonsense is no reply', { mail: 'hello there' }, { result: 'temporary' }],
])('%s', async (_, script, reply) => {
  await using r = await road({ script })
  expect(await r.send()).toMatchObject([{ recipient: 'eve@example.com', host: '127.0.0.1', ...reply }])
  expect(r.sink.mails).toEqual([])
})

test.each(['connect', 'ehlo', 'mail', 'data', 'end'] as const)('silence at %s has an end', async (stage) => {
  await using r = await road({ script: { [stage]: 'silence' }, timeouts: { greetingMs: 100, replyMs: 100 } })
  expect(await r.send()).toMatchObject([{ result: 'temporary', replyCode: null }])
})

test('nobody at the port is a reason to come back', async () => {
  await using r = await road()
  await r.sink[Symbol.asyncDispose]()
  expect(await r.send()).toMatchObject([
    { result: 'temporary', replyCode: null, text: expect.stringContaining('ECONNREFUSED') },
  ])
})

test('STARTTLS is used where it is offered, whoever signed the certificate', async () => {
  await using r = await road({ extensions: ['STARTTLS'] })
  expect(await r.send()).toMatchObject([{ result: 'sent' }])
  expect(r.sink.mails).toMatchObject([{ tls: true }])
})

test.each([['break-tls'], ['454 4.7.0 No TLS today']])(
  'where STARTTLS fails (%s), mail goes in the clear',
  async (starttls) => {
    await using r = await road({ extensions: ['STARTTLS'], script: { starttls } })
    expect(await r.send()).toMatchObject([{ result: 'sent' }])
    expect(r.sink.mails).toMatchObject([{ tls: false }])
  },
)

test.each([['break-tls'], ['454 4.7.0 No TLS today']])('but no password does (%s)', async (starttls) => {
  const extensions = ['STARTTLS', 'AUTH PLAIN']
  await using r = await road({
    extensions,
    users: { ada: 'pass' },
    script: { starttls },
    route: { user: 'ada', password: 'pass' },
  })
  expect(await r.send()).toMatchObject([{ result: 'temporary' }])
  expect(r.sink.commands.filter((line) => line.includes('AUTH'))).toEqual([])
})

test('smtps speaks TLS from the first byte, and signs in', async () => {
  const route = { secure: true, user: 'ada', password: 'p:ä ss' }
  await using r = await road({ implicitTls: true, extensions: ['AUTH PLAIN LOGIN'], users: { ada: 'p:ä ss' }, route })
  expect(await r.send()).toMatchObject([{ result: 'sent' }])
  expect(r.sink.mails).toMatchObject([{ tls: true, user: 'ada' }])
})

test('a wrong password can be put right before the mail is given up', async () => {
  const route = { user: 'ada', password: 'wrong' }
  await using r = await road({ extensions: ['AUTH PLAIN'], users: { ada: 'right' }, route })
  expect(await r.send()).toMatchObject([{ result: 'temporary', replyCode: 535, enhancedCode: '5.7.8' }])
})

test('a connection is used again, and the next after a refusal too', async () => {
  await using r = await road({ script: { rcpt: (path) => (path.includes('gone') ? '550 5.1.1 Nobody' : undefined) } })
  await r.send()
  await r.send({ recipients: ['gone@example.com'] })
  await r.send()
  expect(r.sink.connections).toBe(1)
  expect(r.sink.mails).toHaveLength(2)
})

test('a connection that its peer closed meanwhile is replaced', async () => {
  await using r = await road({ script: { mail: (_, count) => (count === 1 ? '421 4.4.2 Idle too long' : undefined) } })
  await r.send()
  expect(await r.send()).toMatchObject([{ result: 'sent' }])
  r.sink.cut()
  expect(await r.send()).toMatchObject([{ result: 'sent' }])
  expect(r.sink.connections).toBe(3)
})

test('a message whose reply was lost is not sent again on its own', async () => {
  await using r = await road({ script: { end: (_, count) => (count === 1 ? 'close' : undefined) } })
  await r.send()
  expect(await r.send()).toMatchObject([{ result: 'temporary', replyCode: null }])
  expect(r.sink.commands.filter((line) => line.endsWith('DATA'))).toHaveLength(2)
})

test('many mails share a few connections', async () => {
  await using r = await road({ connectionsPerPeer: 3 })
  const replies = await Promise.all(Array.from({ length: 30 }, () => r.send()))
  expect(replies.flat().every((reply) => reply.result === 'sent')).toBe(true)
  expect(r.sink.mails).toHaveLength(30)
  expect(r.sink.mostOpen).toBe(3)
})

test('disposing says goodbye to those who wait', async () => {
  const r = await road()
  await r.send()
  await r.sender[Symbol.asyncDispose]()
  await expect.poll(() => r.sink.commands.at(-1)).toBe('0 QUIT')
  await r[Symbol.asyncDispose]()
})

test('what is larger than the peer takes is not offered', async () => {
  await using r = await road({ extensions: ['SIZE 10'] })
  expect(await r.send()).toMatchObject([{ result: 'permanent', replyCode: 552, enhancedCode: '5.3.4' }])
  expect(r.sink.commands.filter((line) => line.includes('MAIL'))).toEqual([])
})

test.each([
  ['a recipient', { recipients: ['jösé@example.com'] }],
  ['a header', { raw: Buffer.from('To: jösé@example.com\r\n\r\nHi\r\n') }],
])('%s beyond ASCII needs a peer with SMTPUTF8', async (_, fields) => {
  await using able = await road()
  expect(await able.send(fields)).toMatchObject([{ result: 'sent' }])
  expect(able.sink.mails[0]?.mailParameters.split(' ')).toContain('SMTPUTF8')
  await using unable = await road({ extensions: ['8BITMIME'] })
  expect(await unable.send(fields)).toMatchObject([{ result: 'permanent', replyCode: 550, enhancedCode: '5.6.7' }])
  expect(unable.sink.commands.filter((line) => line.includes('MAIL'))).toEqual([])
})

test('a peer without EHLO will do', async () => {
  await using r = await road({ script: { ehlo: '502 5.5.1 What?' } })
  expect(await r.send({ mailFrom: '' })).toMatchObject([{ result: 'sent' }])
  expect(r.sink.mails).toMatchObject([{ mailFrom: '', mailParameters: '' }])
})

test('our own server takes what our own client sends', async () => {
  await using smtp = await testSmtp()
  await using sender = new SmtpSender({ log: silentLog, helo: 'mail.example.com' })
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
  const sender = new SmtpSender({ log: silentLog, helo: 'mail.example.com' })
  const route = { kind: 'smarthost', host: '127.0.0.1', port, secure: false, user: 'ada', password: 'pass' } as const
  expect(await sender.send(route, consignment)).toMatchObject([{ result: 'sent', replyCode: 250 }])
  expect(received).toEqual([
    { from: 'ada@posthouse.test', to: ['eve@example.com'], user: 'ada', secure: true, bytes: raw },
  ])
  await sender[Symbol.asyncDispose]()
  await new Promise<void>((resolve) => server.close(resolve))
})

test('hanging up answers for what is under way and for what waits for its turn, and begins nothing more', async () => {
  const asked = Promise.withResolvers<void>()
  const end = () => {
    asked.resolve()
    return 'silence' as const
  }
  await using r = await road({ connectionsPerPeer: 1, script: { end } })
  const replies = [r.send(), r.send()]
  await asked.promise
  r.sender.hangUp()
  for (const reply of await Promise.all([...replies, r.send()])) {
    expect(reply).toMatchObject([{ result: 'temporary', replyCode: null }])
  }
  expect(r.sink.commands.filter((line) => line.includes('MAIL'))).toHaveLength(1)
})

test.each(['mail', 'rcpt', 'data', 'end'] as const)(
  'a peer that says nothing to %s is given up in time',
  async (stage) => {
    await using r = await road({ script: { [stage]: 'silence' }, timeouts: { attemptMs: 100 } })
    expect(await r.send()).toMatchObject([{ result: 'temporary', replyCode: null }])
  },
)
