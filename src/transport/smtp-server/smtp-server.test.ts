import { expect, test } from 'vitest'
import { testSmtp } from '../../../test/support/smtp.ts'

const hello = `
  S: 220 mail.posthouse.test ESMTP Posthouse
  C: EHLO client.example
  S: 250-mail.posthouse.test
  S: 250-PIPELINING
  S: 250-SIZE 52428800
  S: 250-8BITMIME
  S: 250-SMTPUTF8
  S: 250-ENHANCEDSTATUSCODES
  S: 250-STARTTLS
  S: 250 HELP`

test('a mail is taken, and kept with its envelope', async () => {
  await using smtp = await testSmtp()
  await smtp.play(
    `${hello}
    C: MAIL FROM:<Eve@Example.COM> SIZE=100 BODY=8BITMIME
    S: 250 2.1.0 Sender ok
    C: RCPT TO:<Ada@posthouse.test>
    S: 250 2.1.5 Recipient ok
    C: DATA
    S: 354 Send the message, end with <CR><LF>.<CR><LF>
    C: Subject: Hello
    C:
    C: ..a dot
    C: .
    S: 250 2.0.0 Ok: queued as …
    C: QUIT
    S: 221 2.0.0 Bye
    S: (closed)`.replaceAll('C:\n', 'C: \n'),
  )
  expect((await smtp.raw('ada')).toString()).toBe('Subject: Hello\r\n\r\n.a dot\r\n')
  const [message] = await smtp.messages('ada')
  const content = message && (await smtp.app.store.read.messages.content(message.id))
  expect(content?.envelope).toEqual({
    mailFrom: 'Eve@example.com',
    rcptTo: ['Ada@posthouse.test'],
    helo: 'client.example',
    remoteAddress: '127.0.0.1',
    tls: null,
  })
})

test('the reply to DATA names the message', async () => {
  await using smtp = await testSmtp()
  using client = await smtp.atData()
  const reply = await client.command('Subject: Hello\r\n\r\nHi\r\n.')
  const [message] = await smtp.messages('ada')
  expect(reply).toBe(`250 2.0.0 Ok: queued as ${message?.id}`)
})

test('commands that come together are answered in order', async () => {
  await using smtp = await testSmtp()
  await smtp.play(`${hello}
    C: MAIL FROM:<eve@example.com>\\r\\nRCPT TO:<nobody@posthouse.test>\\r\\nRCPT TO:<bob@posthouse.test>\\r\\nDATA\\r\\n\\
    S: 250 2.1.0 Sender ok
    S: 550 5.1.1 No such mailbox here
    S: 250 2.1.5 Recipient ok
    S: 354 …
    C: Subject: Hello\\r\\n\\r\\nHi\\r\\n.\\r\\nMAIL FROM:<>\\r\\nRCPT TO:<bob@posthouse.test>\\r\\nDATA\\r\\n\\
    S: 250 2.0.0 Ok: queued as …
    S: 250 2.1.0 Sender ok
    S: 250 2.1.5 Recipient ok
    S: 354 …
    C: Subject: Again\\r\\n\\r\\nHi\\r\\n.\\r\\nQUIT\\r\\n\\
    S: 250 2.0.0 Ok: queued as …
    S: 221 2.0.0 Bye
    S: (closed)`)
  expect((await smtp.messages('bob')).map((m) => m.subject)).toEqual(['Again', 'Hello'])
})

test('the same mail again is welcome and not kept twice', async () => {
  await using smtp = await testSmtp()
  const mail = 'Message-ID: <one@example.com>\r\nSubject: Once\r\n\r\nHi\r\n.'
  using client = await smtp.atData()
  expect(await client.command(mail)).toMatch(/^250 2\.0\.0 Ok: queued as /)
  using again = await smtp.atData()
  expect(await again.command(mail)).toBe('250 2.0.0 Ok: the same mail is here already')
  expect(await smtp.messages('ada')).toHaveLength(1)
})

test('commands out of order are refused', async () => {
  await using smtp = await testSmtp()
  await smtp.play(`
    S: 220 …
    C: MAIL FROM:<eve@example.com>
    S: 503 5.5.1 Say EHLO first
    C: EHLO
    S: 501 5.5.4 Say who you are
    C: HELO client.example
    S: 250 …
    C: RCPT TO:<ada@posthouse.test>
    S: 503 5.5.1 Say MAIL first
    C: DATA
    S: 503 5.5.1 Say MAIL first
    C: MAIL FROM:<eve@example.com>
    S: 250 …
    C: MAIL FROM:<eve@example.com>
    S: 503 5.5.1 A mail transaction is open already
    C: RSET
    S: 250 2.0.0 Ok
    C: RCPT TO:<ada@posthouse.test>
    S: 503 5.5.1 Say MAIL first
    C: MAIL FROM:<eve@example.com>
    S: 250 …
    C: EHLO again.example
    S: 250-…
    S: 250-…
    S: 250-…
    S: 250-…
    S: 250-…
    S: 250-…
    S: 250-…
    S: 250 HELP
    C: RCPT TO:<ada@posthouse.test>
    S: 503 5.5.1 Say MAIL first`)
})

test('other commands have sane replies', async () => {
  await using smtp = await testSmtp()
  await smtp.play(`
    S: 220 …
    C: NOOP
    S: 250 2.0.0 Ok
    C: noop with words
    S: 250 2.0.0 Ok
    C: HELP
    S: 214-2.0.0 …
    S: 214 2.0.0 See RFC 5321
    C: VRFY ada
    S: 252 2.5.0 Send some mail and see
    C: EXPN staff
    S: 502 5.5.1 This command is not implemented
    C: AUTH PLAIN AGFkYQBwYXNz
    S: 502 5.5.1 This command is not implemented
    C: BDAT 5 LAST
    S: 502 5.5.1 This command is not implemented
    C: XYZZY
    S: 500 5.5.1 This command is not known
    C: NOOP\\0
    S: 501 5.5.2 the command holds a control character
    C: NOOP\\n\\
    S: 250 2.0.0 Ok
    C: GET / HTTP/1.1
    S: 421 4.7.0 This is not HTTP
    S: (closed)`)
})

test('a line without end is skipped, not kept', async () => {
  await using smtp = await testSmtp()
  using client = await smtp.connect()
  await client.reply()
  await client.send('NOOP ')
  for (let i = 0; i < 50; i++) await client.send('x'.repeat(100_000))
  expect(await client.command('')).toBe('500 5.5.2 The line is too long')
  expect(await client.command(`NOOP ${'x'.repeat(993)}`)).toBe('250 2.0.0 Ok')
  expect(await client.command(`NOOP ${'x'.repeat(996)}`)).toBe('500 5.5.2 The line is too long')
  expect(await client.command('NOOP')).toBe('250 2.0.0 Ok')
})

test('a client that makes nothing but mistakes is sent away', async () => {
  await using smtp = await testSmtp()
  using client = await smtp.connect()
  await client.reply()
  for (let i = 0; i < 19; i++) expect(await client.command('XYZZY')).toBe('500 5.5.1 This command is not known')
  await client.send('XYZZY\r\nNOOP\r\n')
  expect([await client.reply(), await client.reply(), await client.reply()]).toEqual([
    '500 5.5.1 This command is not known',
    '421 4.7.0 Too many mistakes',
    null,
  ])
})

test('a client that says nothing is sent away', async () => {
  await using smtp = await testSmtp()
  using client = await smtp.connect()
  await client.reply()
  await client.command('NOOP')
  smtp.clock.advance(5 * 60_000)
  expect([await client.reply(), await client.reply()]).toEqual(['421 4.4.2 Waited too long', null])
})

test('a client that hangs up in the middle of a message leaves nothing behind', async () => {
  await using smtp = await testSmtp()
  {
    using client = await smtp.atData()
    await client.send('x'.repeat(1_000_000))
    await client.send('x'.repeat(1_000_000))
  }
  using next = await smtp.atData()
  expect(await next.command('Subject: Next\r\n\r\nHi\r\n.')).toMatch(/^250 /)
  expect((await smtp.messages('ada')).map((m) => m.subject)).toEqual(['Next'])
  await expect.poll(() => smtp.spooled()).toEqual([])
})

test('a client that sends all at once and closes its side still gets its replies', async () => {
  await using smtp = await testSmtp()
  using client = await smtp.connect()
  await client.send(
    'HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<ada@posthouse.test>\r\nDATA\r\nSubject: Quick\r\n\r\nHi\r\n.\r\nQUIT\r\n',
  )
  client.endOutput()
  const replies: (string | null)[] = []
  for (let i = 0; i < 8; i++) replies.push((await client.reply())?.slice(0, 3) ?? null)
  expect(replies).toEqual(['220', '250', '250', '250', '354', '250', '221', null])
})

test('mail that goes round in circles is refused', async () => {
  await using smtp = await testSmtp()
  using client = await smtp.atData()
  const hops = 'Received: from a by b; Sat, 1 Nov 2025 00:00:00 +0000\r\n'.repeat(60)
  expect(await client.command(`${hops}Subject: Round\r\n\r\nHi\r\n.`)).toBe(
    '554 5.4.6 Too many hops: the mail goes round in circles',
  )
  expect(await smtp.messages('ada')).toEqual([])
})

test('a store that does not answer makes the client keep its mail', async () => {
  await using smtp = await testSmtp()
  using client = await smtp.atData()
  const { store } = smtp.app
  smtp.app.store = { ...store, read: store.read, run: () => Promise.reject(new Error('the disk is gone')) } as never
  expect(await client.command('Subject: Lost\r\n\r\nHi\r\n.')).toBe('451 4.3.0 Try again later')
  smtp.app.store = { ...store, read: { mailboxes: { byAddress: () => Promise.reject(new Error('gone')) } } } as never
  await client.command('MAIL FROM:<eve@example.com>')
  expect(await client.command('RCPT TO:<ada@posthouse.test>')).toBe('451 4.3.0 Try again later')
  smtp.app.store = store
  expect(await client.command('RCPT TO:<ada@posthouse.test>')).toBe('250 2.1.5 Recipient ok')
})

test('a mailbox that was deleted during DATA takes no mail', async () => {
  await using smtp = await testSmtp()
  using client = await smtp.atData()
  await smtp.call('DELETE', '/api/v0/inboxes/ada@posthouse.test')
  const gone = await smtp.app.store.read.mailboxes.byAddress('ada@posthouse.test')
  expect(gone).toBeUndefined()
  expect(await client.command('Subject: Late\r\n\r\nHi\r\n.')).toBe('550 5.1.1 No such mailbox here')
})
