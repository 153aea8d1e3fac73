import { expect, test } from 'vitest'
import type { fakeResolver } from '../../../test/fakes/dns-zone.ts'
import { testSmtp } from '../../../test/support/smtp.ts'

const shortHello = `
  S: 220 mail.posthouse.test ESMTP Posthouse
  C: HELO client.example
  S: 250 mail.posthouse.test`

test('what cannot be delivered is refused at RCPT', async () => {
  await using smtp = await testSmtp()
  await smtp.call('POST', '/api/v0/inboxes', { body: { username: 'off' } })
  const mailbox = await smtp.app.store.read.mailboxes.byAddress('off@posthouse.test')
  if (mailbox)
    await smtp.app.store.run('mailboxes.update', { id: mailbox.id, orgId: mailbox.orgId, change: { enabled: false } })
  await smtp.play(`${shortHello}
    C: MAIL FROM:<>
    S: 250 2.1.0 Sender ok
    C: RCPT TO:<nobody@posthouse.test>
    S: 550 5.1.1 No such mailbox here
    C: RCPT TO:<off@posthouse.test>
    S: 550 5.2.1 This mailbox takes no mail
    C: RCPT TO:<someone@example.com>
    S: 550 5.7.1 We do not relay
    C: DATA
    S: 554 5.5.1 No recipient was accepted
    C: RCPT TO:<ada+news@posthouse.test>
    S: 250 2.1.5 Recipient ok
    C: RCPT TO:<@relay.example,@other.example:ada@posthouse.test>
    S: 250 2.1.5 Recipient ok`)
})

test('a sender has a domain, even postmaster', async () => {
  await using smtp = await testSmtp()
  await smtp.play(`${shortHello}
    C: MAIL FROM:<postmaster>
    S: 501 5.1.7 A sender needs a domain
    C: MAIL FROM:<a@b.c.>
    S: 250 2.1.0 Sender ok`)
})

const relays = [
  '<@posthouse.test:someone@example.com>',
  '<@posthouse.test,@example.net:someone@example.com>',
  '<someone%example.com@posthouse.test>',
  '<"someone@example.com"@posthouse.test>',
  '<"someone@example.com">',
  '<example.com!someone@posthouse.test>',
  '<example.com!someone>',
  '<someone@[127.0.0.1]>',
  '<someone@[IPv6:::1]>',
  '<ada@[127.0.0.1]>',
  '<someone@example.com@posthouse.test>',
  '<someone@posthouse.test@example.com>',
  '<someone@posthouse.test.example.com>',
  '<someone@example.com.posthouse.test>',
  '<someone@mail.posthouse.test>',
  '<@example.com:someone%example.net@posthouse.test>',
  '<someone@>',
  '<@>',
  '<@posthouse.test:>',
  '<>',
  'someone@example.com',
]

test('no spelling of an address makes a relay of us', async () => {
  await using smtp = await testSmtp()
  using client = await smtp.connect()
  await client.reply()
  await client.command('EHLO client.example')
  await client.command('MAIL FROM:<eve@example.com>')
  for (const path of relays) {
    expect(await client.command(`RCPT TO:${path}`), path).toMatch(/^5(01|50) 5\.(1\.1|1\.3|7\.1) /)
  }
})

test('recipients that lead to one mailbox make one copy, others one each', async () => {
  await using smtp = await testSmtp()
  using client = await smtp.atData()
  await client.command('.')
  await client.command('MAIL FROM:<eve@example.com>')
  for (const to of ['ada', 'ADA+x', 'ada', 'bob']) {
    expect(await client.command(`RCPT TO:<${to}@posthouse.test>`)).toBe('250 2.1.5 Recipient ok')
  }
  await client.command('DATA')
  expect(await client.command('Subject: Shared\r\n\r\nHi\r\n.')).toMatch(/^250 2\.0\.0 /)
  const [adas] = await smtp.messages('ada')
  const [bobs] = await smtp.messages('bob')
  expect(await Promise.all([adas, bobs].map((m) => m && smtp.app.store.read.messages.content(m.id)))).toMatchObject([
    { envelope: { rcptTo: ['ada@posthouse.test', 'ADA+x@posthouse.test'] } },
    { envelope: { rcptTo: ['bob@posthouse.test'] } },
  ])
})

test('the hundred and first recipient has to wait for the next transaction', async () => {
  await using smtp = await testSmtp()
  using client = await smtp.connect()
  await client.reply()
  await client.command('EHLO client.example')
  await client.command('MAIL FROM:<eve@example.com>')
  const replies: (string | null)[] = []
  for (let i = 0; i < 101; i++) replies.push(await client.command(`RCPT TO:<ada+${i}@posthouse.test>`))
  expect(replies.slice(99)).toEqual(['250 2.1.5 Recipient ok', '452 4.5.3 Too many recipients'])
  await client.command('DATA')
  expect(await client.command('Subject: Many\r\n\r\nHi\r\n.')).toMatch(/^250 /)
})

test('arguments are read with their parameters, or refused', async () => {
  await using smtp = await testSmtp()
  await smtp.play(`${shortHello}
    C: MAIL FROM:<eve@example.com> SIZE=52428801
    S: 552 5.3.4 The limit is 52428800 bytes
    C: MAIL FROM:<eve@example.com> SIZE=26214401
    S: 250 2.1.0 Sender ok
    C: RCPT TO:<ada@posthouse.test>
    S: 552 5.3.4 The message is too large
    C: RSET
    S: 250 2.0.0 Ok
    C: MAIL FROM:<eve@example.com> SIZE=many
    S: 501 5.5.4 SIZE is a number
    C: MAIL FROM:<eve@example.com> BODY=BINARYMIME
    S: 501 5.5.4 BODY is 7BIT or 8BITMIME
    C: MAIL FROM:<eve@example.com> SIZE=1 SIZE=2
    S: 501 5.5.4 the parameter SIZE is given twice
    C: MAIL FROM:<eve@example.com> RET=FULL
    S: 555 5.5.4 The parameter RET is not known here
    C: MAIL FROM <eve@example.com>
    S: 501 5.5.4 Say FROM:<address>
    C: MAIL FROM:<eve@exa mple.com>
    S: 501 5.1.7 …
    C: MAIL FROM:<jösé@example.com>
    S: 553 5.6.7 This address needs SMTPUTF8
    C: mail from: <eve@example.com> size=26214400 body=8bitmime
    S: 250 2.1.0 Sender ok
    C: RCPT TO:<ada@posthouse.test> NOTIFY=NEVER
    S: 555 5.5.4 The parameter NOTIFY is not known here
    C: RCPT TO:<>
    S: 501 5.1.3 A recipient needs an address
    C: RCPT TO:<postmaster>
    S: 250 2.1.5 Recipient ok
    C: RCPT TO:<Abuse@posthouse.test>
    S: 250 2.1.5 Recipient ok
    C: DATA now
    S: 501 5.5.4 DATA takes no argument
    C: rcpt to:<ada@posthouse.test>
    S: 250 2.1.5 Recipient ok
    C: RSET
    S: 250 2.0.0 Ok
    C: MAIL FROM:<jösé@münchen.example> SMTPUTF8
    S: 250 2.1.0 Sender ok`)
})

test('mail to postmaster and its kin reaches the operator, in a mailbox that nobody else can take', async () => {
  await using smtp = await testSmtp()
  await smtp.play(`
    S: 220 …
    C: HELO client.example
    S: 250 mail.posthouse.test
    C: MAIL FROM:<>
    S: 250 2.1.0 Sender ok
    C: RCPT TO:<Postmaster>
    S: 250 2.1.5 Recipient ok
    C: RCPT TO:<hostmaster@posthouse.test>
    S: 250 2.1.5 Recipient ok
    C: RCPT TO:<postmaster@elsewhere.test>
    S: 550 5.7.1 We do not relay
    C: DATA
    S: 354 …
    C: Subject: Your records
    C: 
    C: are wrong
    C: .
    S: 250 2.0.0 Ok: queued as …
    C: QUIT
    S: 221 2.0.0 Bye
    S: (closed)`)
  expect((await smtp.messages('postmaster')).map((m) => m.subject)).toEqual(['Your records'])
})

test('nothing is asked of the DNS before there is somebody to write to', async () => {
  await using smtp = await testSmtp()
  await smtp.play(`
    S: 220 …
    C: HELO client.example
    S: 250 mail.posthouse.test
    C: MAIL FROM:<a@hammer.example>
    S: 250 2.1.0 Sender ok
    C: RCPT TO:<nobody@posthouse.test>
    S: 550 5.1.1 No such mailbox here
    C: RSET
    S: 250 2.0.0 Ok
    C: QUIT
    S: 221 2.0.0 Bye
    S: (closed)`)
  expect((smtp.app.resolver as ReturnType<typeof fakeResolver>).questions).toEqual([])
})
