import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterEach, expect, test } from 'vitest'
import { fakeResolver } from '../../../test/fakes/dns-zone.ts'
import { manualClock } from '../../../test/support/clock.ts'
import { silentLog } from '../../core/log.ts'
import { selfSigned } from '../smtp-server/self-signed.ts'
import { DirectSender } from './direct-sender.ts'

let opened = new AsyncDisposableStack()
afterEach(async () => {
  await opened.disposeAsync()
  opened = new AsyncDisposableStack()
})

interface Arrived {
  hash: string
  size: number
  secure: boolean
  to: string[]
}

/** Another's server as the peer. */
async function foreign(options: SMTPServerOptions = {}) {
  const arrived: Arrived[] = []
  const server = new SMTPServer({
    ...selfSigned('mx.one.test', Date.now()),
    authOptional: true,
    disableReverseLookup: true,
    hideSMTPUTF8: false,
    closeTimeout: 1,
    onData(stream, session, done) {
      const hash = createHash('sha256')
      let size = 0
      stream.on('data', (chunk: Buffer) => {
        hash.update(chunk)
        size += chunk.length
      })
      stream.on('end', () => {
        const to = session.envelope.rcptTo.map((rcpt) => rcpt.address)
        arrived.push({ hash: hash.digest('hex'), size, secure: session.secure, to })
        done()
      })
    },
    ...options,
  })
  // Sessions that are cut are none of the test's business.
  server.on('error', () => {})
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  opened.defer(() => new Promise<void>((resolve) => server.close(() => resolve())))
  const sender = opened.use(
    new DirectSender({
      clock: manualClock(),
      log: silentLog,
      resolver: fakeResolver({ 'one.test': { a: ['127.0.0.1'] } }),
      mailHost: 'mail.us.test',
      mayConnect: () => true,
      isOurs: () => false,
      sts: { policyFor: async () => null },
      port: (server.server.address() as AddressInfo).port,
    }),
  )
  const send = async (raw: Buffer, ...recipients: string[]) =>
    (await sender.send({ mailFrom: 'us@us.test', recipients, raw })).map((reply) => reply.result)
  return { arrived, send }
}

const head = 'From: us@us.test\r\nSubject: x\r\n\r\n'

test.each<[string, Buffer]>([
  ['plain words', Buffer.from(`${head}Hello\r\n`)],
  ['dots', Buffer.from(`${head}.\r\n..\r\n.a\r\n. \r\n...\r\n.\r\n`)],
  ['long lines', Buffer.from(`${head}${'x'.repeat(100_000)}\r\n${'.'.repeat(70_000)}\r\n`)],
  ['8-bit text', Buffer.from(`${head}\xff\xfe gr\xfc\xdfe\r\n`, 'latin1')],
  ['a header in UTF-8', Buffer.from(`From: us@us.test\r\nSubject: Grüße\r\n\r\nx\r\n`)],
  ['25 MB', Buffer.from(head + `${'0123456789'.repeat(7)}\r\n`.repeat(350_000))],
])("%s arrive at another's server as they were", async (_what, raw) => {
  const { arrived, send } = await foreign()
  expect(await send(raw, 'a@one.test', 'b@one.test')).toEqual(['delivered', 'delivered'])
  const hash = createHash('sha256').update(raw).digest('hex')
  expect(arrived).toEqual([{ hash, size: raw.length, secure: true, to: ['a@one.test', 'b@one.test'] }])
})

test('without TLS, and with a limit of size', async () => {
  const { arrived, send } = await foreign({ hideSTARTTLS: true, size: 1000 })
  expect(await send(Buffer.from(`${head}Hello\r\n`), 'a@one.test')).toEqual(['delivered'])
  expect(await send(Buffer.from(head + 'x\r\n'.repeat(1000)), 'a@one.test')).toEqual(['permanent'])
  expect(arrived.map(({ secure }) => secure)).toEqual([false])
})
