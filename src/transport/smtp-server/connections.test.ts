import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { testSmtp } from '../../../test/support/smtp.ts'
import { LineClient } from '../../../test/support/transcript.ts'
import { Guests } from './guests.ts'

test('STARTTLS encrypts, and forgets what was said before', async () => {
  await using smtp = await testSmtp()
  using client = await smtp.connect()
  await client.reply()
  await client.command('EHLO client.example')
  await client.command('MAIL FROM:<eve@example.com>')
  expect(await client.command('STARTTLS')).toBe('220 2.0.0 Ready to start TLS')
  await client.startTls()
  expect(await client.command('RCPT TO:<ada@posthouse.test>')).toBe('503 5.5.1 Say MAIL first')
  expect(await client.command('MAIL FROM:<eve@example.com>')).toBe('503 5.5.1 Say EHLO first')
  await client.send('EHLO secure.example\r\n')
  const offers = []
  for (let line = await client.line(); line !== null; line = await client.line()) {
    offers.push(line)
    if (!line.startsWith('250-')) break
  }
  expect(offers).not.toContain('250-STARTTLS')
  expect(await client.command('STARTTLS')).toBe('503 5.5.1 This connection is encrypted already')
  await client.command('MAIL FROM:<eve@example.com>')
  await client.command('RCPT TO:<ada@posthouse.test>')
  await client.command('DATA')
  expect(await client.command('Subject: Secret\r\n\r\nHi\r\n.')).toMatch(/^250 /)
  const [message] = await smtp.messages('ada')
  const content = message && (await smtp.app.store.read.messages.content(message.id))
  expect(content?.envelope).toMatchObject({ helo: 'secure.example', tls: 'TLSv1.3 TLS_AES_256_GCM_SHA384' })
})

test('commands behind STARTTLS in the clear are never heard', async () => {
  await using smtp = await testSmtp()
  using client = await smtp.connect()
  await client.reply()
  await client.command('EHLO client.example')
  await client.send(
    'STARTTLS\r\nEHLO injected.example\r\nMAIL FROM:<eve@example.com>\r\nRCPT TO:<ada@posthouse.test>\r\n',
  )
  expect(await client.reply()).toBe('220 2.0.0 Ready to start TLS')
  await client.startTls()
  expect(await client.command('MAIL FROM:<eve@example.com>')).toBe('503 5.5.1 Say EHLO first')
})

test('a client that speaks no TLS behind STARTTLS only loses its own connection', async () => {
  await using smtp = await testSmtp()
  using client = await smtp.connect()
  await client.reply()
  expect(await client.command('STARTTLS')).toMatch(/^220 /)
  await client.send('EHLO client.example\r\n')
  for (let line = await client.line(); line !== null; line = await client.line());
  using other = await smtp.connect()
  expect(await other.reply()).toMatch(/^220 /)
})

test('the greeting does not wait', async () => {
  await using smtp = await testSmtp()
  const started = performance.now()
  for (let i = 0; i < 20; i++) {
    using client = await smtp.connect()
    await client.reply()
  }
  const ms = (performance.now() - started) / 20
  console.log(`smtp: ${ms.toFixed(1)} ms from connecting to the greeting`)
  expect(ms).toBeLessThan(50)
})

test('two thousand clients that say nothing leave a mail its way', async () => {
  await using smtp = await testSmtp()
  await using idle = new AsyncDisposableStack()
  for (let i = 0; i < 2_000; i += 100) {
    const some = await Promise.all(Array.from({ length: 100 }, () => smtp.connect()))
    for (const client of some) idle.use(client)
  }
  const started = performance.now()
  using client = await smtp.atData()
  expect(await client.command('Subject: Busy\r\n\r\nHi\r\n.')).toMatch(/^250 /)
  console.log(`smtp: ${Math.round(performance.now() - started)} ms for a mail beside 2,000 idle connections`)
})

test('who comes when the house is full is sent away', async () => {
  await using smtp = await testSmtp({ limits: { total: 1 } })
  using first = await smtp.connect()
  await first.reply()
  using second = await smtp.connect()
  expect([await second.reply(), await second.reply()]).toEqual(['421 4.7.0 Too many connections', null])
})

test('one host, or one network of IPv6, has only so many connections', () => {
  const guests = new Guests({ total: 10, perHost: 1 })
  const first = guests.admit('192.0.2.1')
  expect(guests.admit('192.0.2.1')).toBeUndefined()
  expect(guests.admit('192.0.2.2')).toBeDefined()
  expect(guests.admit('2001:db8::1')).toBeDefined()
  expect(guests.admit('2001:db8::2')).toBeUndefined()
  expect(guests.admit('2001:db8:0:1::1')).toBeDefined()
  expect(guests.admit('127.0.0.1')).toBeDefined()
  expect(guests.admit('::1')).toBeDefined()
  first?.[Symbol.dispose]()
  expect(guests.admit('::ffff:192.0.2.1')).toBeDefined()
})

test('a shutdown sends idle clients away and lets a message come to its end', async () => {
  await using smtp = await testSmtp()
  using idle = await smtp.connect()
  await idle.reply()
  using busy = await smtp.atData()
  await busy.send('Subject: Last\r\n')
  const closed = smtp.server[Symbol.asyncDispose]()
  expect([await idle.reply(), await idle.reply()]).toEqual(['421 4.3.2 Shutting down: come back soon', null])
  await expect(LineClient.connect(smtp.port)).rejects.toThrow('ECONNREFUSED')
  expect(await busy.command('\r\nHi\r\n.')).toMatch(/^250 /)
  expect([await busy.reply(), await busy.reply()]).toEqual(['421 4.3.2 Shutting down: come back soon', null])
  await closed
  expect((await smtp.messages('ada')).map((m) => m.subject)).toEqual(['Last'])
})

test('a shutdown does not wait for ever', async () => {
  await using smtp = await testSmtp()
  using busy = await smtp.atData()
  const closed = smtp.server[Symbol.asyncDispose]()
  smtp.clock.advance(8_000)
  await closed
  expect(await busy.reply()).toBeNull()
})

test('who hangs up in the middle of STARTTLS leaves its place', async () => {
  await using smtp = await testSmtp({ limits: { total: 1 } })
  {
    using client = await smtp.connect()
    await client.reply()
    expect(await client.command('STARTTLS')).toMatch(/^220 /)
  }
  const greeting = async () => {
    using next = await smtp.connect()
    return String(await next.reply())
  }
  await expect.poll(greeting).toMatch(/^220 /)
})

test('a client that reads its replies late gets them all', async () => {
  await using smtp = await testSmtp({ idleTalk: Infinity })
  const socket = connect({ port: smtp.port, host: '127.0.0.1' }).pause()
  const count = 200_000
  socket.write(`${'NOOP\r\n'.repeat(count)}QUIT\r\n`)
  // Nothing moves any more when both sides are full; the rest is sent while we read.
  let written = -1
  const moved = () => {
    const before = written
    written = socket.bytesWritten - socket.writableLength
    return written !== before
  }
  await expect.poll(moved).toBe(false)
  let replies = ''
  for await (const chunk of socket) replies += chunk
  expect(replies.split('250 2.0.0 Ok\r\n')).toHaveLength(count + 1)
  expect(replies.endsWith('221 2.0.0 Bye\r\n')).toBe(true)
})
