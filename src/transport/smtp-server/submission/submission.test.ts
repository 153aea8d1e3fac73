import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type TestSmtp, testSmtp } from '../../../../test/support/smtp.ts'
import type { LineClient } from '../../../../test/support/transcript.ts'
import { authenticateKey } from '../../../core/accounts/keys.ts'
import { issueCredential } from '../../../core/submission/credentials.ts'
import { submission } from './submission.ts'

let t: TestSmtp
let opened: AsyncDisposableStack
beforeEach(async () => {
  opened = new AsyncDisposableStack()
  t = opened.use(await testSmtp({ service: submission() }))
})
afterEach(() => opened.disposeAsync())

const b64 = (text: string) => Buffer.from(text).toString('base64')
const plain = (user: string, password: string) => `AUTH PLAIN ${b64(`\0${user}\0${password}`)}`

async function issue(mailbox = 'ada@posthouse.test') {
  return issueCredential(t.app, await authenticateKey(t.app, t.key), mailbox)
}

/** A client behind STARTTLS and EHLO. */
async function secured(): Promise<LineClient> {
  const client = opened.use(await t.connect())
  await client.reply()
  await client.command('EHLO client.example')
  await client.command('STARTTLS')
  await client.startTls()
  await client.command('EHLO client.example')
  return client
}

async function loggedIn(mailbox?: string): Promise<LineClient> {
  const { username, password } = await issue(mailbox)
  const client = await secured()
  expect(await client.command(plain(username, password))).toBe('235 2.7.0 Welcome')
  return client
}

async function atRecipient(client: LineClient, recipient = 'eve@example.com'): Promise<string | null> {
  expect(await client.command('MAIL FROM:<ada@posthouse.test>')).toBe('250 2.1.0 Sender ok')
  return client.command(`RCPT TO:<${recipient}>`)
}

async function hand(client: LineClient, mail: string, recipient?: string): Promise<string | null> {
  expect(await atRecipient(client, recipient)).toBe('250 2.1.5 Recipient ok')
  await client.command('DATA')
  return client.command(`${mail.replaceAll('\n', '\r\n')}\r\n.`)
}

const mailOf = (...lines: string[]) => ['From: Ada <ada@posthouse.test>', ...lines].join('\n')
const simple = mailOf('To: eve@example.com', 'Subject: Hi', '', 'Hello')

describe('who may send', () => {
  test('before TLS nobody logs in, and AUTH is not offered', async () => {
    await t.play(`
      S: 220 mail.posthouse.test ESMTP Posthouse
      C: EHLO client.example
      S: 250-mail.posthouse.test
      S: 250-PIPELINING
      S: 250-SIZE 26214400
      S: 250-8BITMIME
      S: 250-SMTPUTF8
      S: 250-ENHANCEDSTATUSCODES
      S: 250-STARTTLS
      S: 250 HELP
      C: AUTH PLAIN ${b64('\0ada\0secret')}
      S: 530 5.7.0 Say STARTTLS first
      C: AUTH LOGIN
      S: 530 5.7.0 Say STARTTLS first
      C: MAIL FROM:<ada@posthouse.test>
      S: 530 5.7.0 Say STARTTLS first
    `)
  })

  test('behind TLS AUTH is offered, and MAIL needs it', async () => {
    const client = await secured()
    await client.send('EHLO client.example\r\n')
    const offers = []
    for (let line = await client.line(); line?.startsWith('250-'); line = await client.line()) offers.push(line)
    expect(offers).toContain('250-AUTH PLAIN LOGIN')
    expect(await client.command('MAIL FROM:<ada@posthouse.test>')).toBe('530 5.7.0 Log in first')
  })

  test('what is sent behind STARTTLS in the clear is never heard, credentials neither', async () => {
    const { username, password } = await issue()
    const client = opened.use(await t.connect())
    await client.reply()
    await client.command('EHLO client.example')
    await client.send(`STARTTLS\r\nEHLO injected.example\r\n${plain(username, password)}\r\n`)
    expect(await client.reply()).toBe('220 2.0.0 Ready to start TLS')
    await client.startTls()
    expect(await client.command('MAIL FROM:<ada@posthouse.test>')).toBe('503 5.5.1 Say EHLO first')
    await client.command('EHLO client.example')
    expect(await client.command('MAIL FROM:<ada@posthouse.test>')).toBe('530 5.7.0 Log in first')
  })

  test('AUTH PLAIN, with and without a first response', async () => {
    const { username, password } = await issue()
    expect(username).toMatch(/^inb-[0-9a-z]{12}$/)
    expect(password).toMatch(/^[0-9A-Za-z]{32}$/)
    const first = await secured()
    expect(await first.command(plain(username.toUpperCase(), password))).toBe('235 2.7.0 Welcome')
    expect(await first.command(plain(username, password))).toBe('503 5.5.1 You are logged in already')
    const second = await secured()
    expect(await second.command('AUTH plain')).toBe('334 ')
    expect(await second.command(b64(`${username}\0${username}\0${password}`))).toBe('235 2.7.0 Welcome')
  })

  test('AUTH LOGIN, with and without the user name in the command', async () => {
    const { username, password } = await issue()
    const first = await secured()
    expect(await first.command('AUTH LOGIN')).toBe(`334 ${b64('Username:')}`)
    expect(await first.command(b64(username))).toBe(`334 ${b64('Password:')}`)
    expect(await first.command(b64(password))).toBe('235 2.7.0 Welcome')
    const second = await secured()
    expect(await second.command(`AUTH LOGIN ${b64(username)}`)).toBe(`334 ${b64('Password:')}`)
    expect(await second.command(b64(password))).toBe('235 2.7.0 Welcome')
  })

  test('an API key is a password for the address of every inbox it may send as', async () => {
    const client = await secured()
    expect(await client.command(plain('Ada@Posthouse.test', t.key))).toBe('235 2.7.0 Welcome')
    expect(await hand(client, simple)).toMatch(/^250 2\.0\.0 Ok: queued as /)
  })

  test('a key that may not send, or is of somebody else, opens nothing', async () => {
    const body = { name: 'reader', permissions: { inbox_read: true, message_read: true } }
    const { key: reader } = (await t.call('POST', '/api/v0/api-keys', { body })).body
    const foreign = await t.organization()
    const client = await secured()
    for (const key of [reader, foreign, 'nonsense', '']) {
      expect(await client.command(plain('ada@posthouse.test', key))).toBe('535 5.7.8 User name or password is wrong')
    }
  })

  test('malformed exchanges are refused, and a client may change its mind', async () => {
    const client = await secured()
    expect(await client.command('AUTH CRAM-MD5')).toBe('504 5.5.4 Use AUTH PLAIN or AUTH LOGIN')
    expect(await client.command('AUTH')).toBe('504 5.5.4 Use AUTH PLAIN or AUTH LOGIN')
    expect(await client.command('AUTH PLAIN a b')).toBe('501 5.5.4 AUTH takes a mechanism and one response')
    expect(await client.command('AUTH PLAIN !!!')).toBe('501 5.5.4 The response is not base64')
    expect(await client.command('AUTH PLAIN =')).toBe('501 5.5.4 The response is not one of PLAIN')
    expect(await client.command(`AUTH PLAIN ${b64('ada\0secret')}`)).toBe('501 5.5.4 The response is not one of PLAIN')
    expect(await client.command('AUTH PLAIN /w==')).toBe('501 5.5.4 The response is not UTF-8')
    await client.command('AUTH LOGIN')
    expect(await client.command('*')).toBe('501 5.7.0 Cancelled')
    await client.command('AUTH PLAIN')
    expect(await client.command('A'.repeat(2000))).toBe('500 5.5.6 The line is too long')
    expect(await client.command('NOOP')).toBe('250 2.0.0 Ok')
  })

  test('nobody logs in for somebody else', async () => {
    const { username, password } = await issue()
    const client = await secured()
    const response = b64(`bob@posthouse.test\0${username}\0${password}`)
    expect(await client.command(`AUTH PLAIN ${response}`)).toBe('535 5.7.8 User name or password is wrong')
  })

  test('after five failures within a minute as one user there is no sixth', async () => {
    const { username, password } = await issue()
    const client = await secured()
    for (let i = 0; i < 5; i++) {
      expect(await client.command(plain(username, `wrong${i}`))).toBe('535 5.7.8 User name or password is wrong')
    }
    expect(await client.command(plain(username, password))).toBe(
      '421 4.7.0 Too many failed logins: try again in a minute',
    )
    expect(await client.line()).toBeNull()
    t.clock.advance(60_000)
    expect(await (await secured()).command(plain(username, password))).toBe('235 2.7.0 Welcome')
  })

  test('after five failures from one host nobody from there may try', async () => {
    const { username, password } = await issue()
    for (let i = 0; i < 5; i++) {
      const client = await secured()
      await client.command(plain(`user-${i}`, 'wrong'))
    }
    expect(await (await secured()).command(plain(username, password))).toMatch(/^421 4\.7\.0 /)
  })

  test('many guesses at once are no more than five', async () => {
    const { username } = await issue()
    const clients = await Promise.all(Array.from({ length: 12 }, secured))
    const answers = await Promise.all(clients.map((client, i) => client.command(plain(username, `guess ${i}`))))
    expect(answers.filter((answer) => answer?.startsWith('535')).length).toBeLessThanOrEqual(6)
  })

  test('a new password ends the old one, in sessions that are open too', async () => {
    const old = await issue()
    const client = await secured()
    await client.command(plain(old.username, old.password))
    expect(await hand(client, simple)).toMatch(/^250 /)
    const renewed = await issue()
    expect(renewed.username).toBe(old.username)
    expect(await client.command('MAIL FROM:<ada@posthouse.test>')).toBe('535 5.7.8 This password is not valid any more')
    expect(await client.command(plain(old.username, old.password))).toBe('535 5.7.8 User name or password is wrong')
    expect(await client.command(plain(renewed.username, renewed.password))).toBe('235 2.7.0 Welcome')
  })

  test('with the inbox its credential is gone', async () => {
    const { username, password } = await issue()
    const client = await secured()
    await client.command(plain(username, password))
    await t.call('DELETE', '/api/v0/inboxes/ada@posthouse.test')
    expect(await client.command('MAIL FROM:<ada@posthouse.test>')).toMatch(/^535 5\.7\.8 /)
    expect(await client.command(plain(username, password))).toMatch(/^535 5\.7\.8 /)
  })

  test('a revoked key ends its sessions', async () => {
    const made = (await t.call('POST', '/api/v0/api-keys', { body: { name: 'mailer' } })).body
    const client = await secured()
    await client.command(plain('ada@posthouse.test', made.key))
    await t.call('DELETE', `/api/v0/api-keys/${made.key_id}`)
    expect(await client.command('MAIL FROM:<ada@posthouse.test>')).toMatch(/^535 5\.7\.8 /)
  })
})

describe('what may be sent', () => {
  test('only as the own address, in the envelope and in the header', async () => {
    const client = await loggedIn()
    for (const sender of ['bob@posthouse.test', 'ada+tag@posthouse.test', 'ada@example.com', '']) {
      expect(await client.command(`MAIL FROM:<${sender}>`)).toBe('553 5.7.1 You may send as ada@posthouse.test only')
    }
    const body = ['To: eve@example.com', '', 'Hello']
    const forged = [
      ['From: bob@posthouse.test', ...body],
      ['From: ada@posthouse.test, bob@posthouse.test', ...body],
      ['From: ada@posthouse.test', 'From: bob@posthouse.test', ...body],
      ['From: ada@posthouse.test', 'Sender: bob@posthouse.test', ...body],
      ['Subject: nobody', ...body],
      ['From:', ...body],
    ]
    for (const lines of forged) expect(await hand(client, lines.join('\n'))).toMatch(/^553 5\.7\.1 /)
    expect(await t.messages('ada')).toEqual([])
    expect(await hand(client, ['From: "ADA" <Ada@Posthouse.TEST>', ...body].join('\n'))).toMatch(/^250 /)
  })

  test('a suppressed recipient is refused by itself', async () => {
    const mailbox = await t.app.store.read.mailboxes.byAddress('ada@posthouse.test')
    const orgId = mailbox!.orgId
    const held = { orgId, address: 'dead@example.com', reason: 'hard_bounce' as const, deliveryId: null }
    await t.app.store.run('suppressions.add', held)
    const client = await loggedIn()
    expect(await atRecipient(client, 'Dead@example.com')).toBe('550 5.7.1 Dead@example.com is suppressed: hard_bounce')
    expect(await client.command('RCPT TO:<alive@example.com>')).toBe('250 2.1.5 Recipient ok')
  })

  test('nobody here and bare IP addresses are refused at once', async () => {
    const client = await loggedIn()
    expect(await atRecipient(client, 'nobody@posthouse.test')).toBe('550 5.1.1 No such mailbox here')
    expect(await client.command('RCPT TO:<x@[192.0.2.1]>')).toBe('550 5.7.1 We write to no bare IP address')
  })

  test('fifty recipients, and the rest later', async () => {
    const client = await loggedIn()
    await client.command('MAIL FROM:<ada@posthouse.test>')
    for (let i = 0; i < 50; i++) expect(await client.command(`RCPT TO:<x${i}@example.com>`)).toMatch(/^250 /)
    expect(await client.command('RCPT TO:<x50@example.com>')).toBe('452 4.5.3 Too many recipients')
  })

  test('more than the pace of a mailbox waits', async () => {
    t.app.settings.sendsPerMinute = 1
    const client = await loggedIn()
    expect(await hand(client, simple)).toMatch(/^250 /)
    expect(await hand(client, simple)).toMatch(/^451 4\.7\.1 /)
    t.clock.advance(60_000)
    expect(await hand(client, simple)).toMatch(/^250 /)
  })

  test('a message that is too large is refused at MAIL already', async () => {
    const client = await loggedIn()
    expect(await client.command('MAIL FROM:<ada@posthouse.test> SIZE=99999999 AUTH=<>')).toMatch(/^552 5\.3\.4 /)
    expect(await client.command('MAIL FROM:<ada@posthouse.test> SIZE=10 AUTH=<>')).toMatch(/^250 /)
  })

  test('mail that goes round is stopped', async () => {
    const client = await loggedIn()
    const trace = Array.from({ length: 50 }, (_, i) => `Received: by ${i}.example; Mon, 1 Jan 2024 00:00:00 +0000`)
    expect(await hand(client, [...trace, simple].join('\n'))).toMatch(/^554 5\.4\.6 /)
  })

  test('a header that readers would read differently is refused', async () => {
    const client = await loggedIn()
    const odd = mailOf('To: eve@example.com', 'this is no field', 'Subject: Hi', '', 'Hello')
    expect(await hand(client, odd)).toBe('554 5.6.0 a line of the header is no header field')
  })
})

describe('what leaves', () => {
  test('is complete, signed, without Bcc, and in the outbound history with its deliveries', async () => {
    const client = await loggedIn()
    await client.command('MAIL FROM:<ada@posthouse.test>')
    for (const to of ['eve@example.com', 'mallory@example.com']) await client.command(`RCPT TO:<${to}>`)
    await client.command('DATA')
    const lines = mailOf('To: Eve <eve@example.com>', 'Bcc: mallory@example.com,', ' trent@example.com', 'X-Ours: 1')
    const mail = `${lines}\nReturn-Path: <x@y.test>\nSubject: Plans\n\nHello there\n`.replaceAll('\n', '\r\n')
    expect(await client.command(`${mail}.`)).toMatch(/^250 /)
    const [message] = await t.messages('ada')
    expect(message).toMatchObject({
      ...{ direction: 'outbound', source: 'submission', status: 'queued', subject: 'Plans', seen: true },
      from: [{ name: 'Ada', address: 'ada@posthouse.test' }],
      to: [{ name: 'Eve', address: 'eve@example.com' }],
      bcc: [{ name: null, address: 'mallory@example.com' }],
      sentAt: Math.floor(t.clock.now() / 1000) * 1000,
    })
    expect(message?.messageId).toMatch(/^<[0-9a-f]{32}@posthouse\.test>$/)
    const content = await t.app.store.read.messages.content(message!.id)
    expect(content?.headers).toEqual([{ name: 'X-Ours', value: '1' }])
    const deliveries = await t.app.store.read.outbound.ofMessage(message!.id)
    expect(deliveries.map((d) => d.recipient)).toEqual(['eve@example.com', 'mallory@example.com'])
    const raw = (await t.raw('ada')).toString('latin1')
    expect(raw).not.toMatch(/mallory|trent|Return-Path/i)
    expect(raw).toMatch(/^DKIM-Signature: |^Received: by mail\.posthouse\.test with ESMTPSA;/)
    expect(raw).toMatch(/\r\nDate: [^\r]+\r\nMessage-ID: <[^\r]+>\r\n\r\nHello there\r\n$/)
  })

  test('keeps the Date and the Message-ID that it came with, and an id that is none is made anew', async () => {
    const client = await loggedIn()
    const dated = mailOf('Date: Mon, 5 Jan 2026 10:00:00 +0100', 'Message-ID: <mine@client.example>', '', 'Hello')
    await hand(client, dated)
    const [message] = await t.messages('ada')
    expect([message?.messageId, message?.sentAt]).toEqual(['<mine@client.example>', Date.UTC(2026, 0, 5, 9)])
    await hand(client, mailOf('Message-ID: nonsense', '', 'Hello'))
    expect((await t.messages('ada'))[0]?.messageId).toMatch(/@posthouse\.test>$/)
    expect((await t.raw('ada')).toString()).not.toContain('nonsense')
  })

  test('an id that was used before is kept under another one', async () => {
    const client = await loggedIn()
    const mail = mailOf('Message-ID: <again@client.example>', '', 'Hello')
    expect(await hand(client, mail)).toMatch(/^250 /)
    expect(await hand(client, mail)).toMatch(/^250 /)
    const ids = (await t.messages('ada')).map((m) => m.messageId)
    expect(ids).toEqual([expect.stringMatching(/^<msg_[^@]+@posthouse\.test>$/), '<again@client.example>'])
    expect((await t.raw('ada')).toString()).toContain('Message-ID: <again@client.example>')
  })

  test('an answer joins the thread of what it answers', async () => {
    await t.mail('ada@posthouse.test', 'From: eve@example.com\nMessage-ID: <q@example.com>\nSubject: Q\n\nQuestion?')
    const client = await loggedIn()
    await hand(client, mailOf('In-Reply-To: <q@example.com>', 'Subject: Re: Q', '', 'Answer'))
    const [answer, question] = await t.messages('ada')
    expect(answer?.threadId).toBe(question?.threadId)
  })

  test('mail to a mailbox here arrives in it, and lone line ends have become whole ones', async () => {
    const client = await loggedIn()
    await atRecipient(client, 'bob@posthouse.test')
    await client.command('DATA')
    await client.command(`${mailOf('To: bob@posthouse.test', 'Bcc: eve@example.com', 'Subject: Hi', '')}\nHello\r\n.`)
    await t.work()
    const [arrived] = await t.messages('bob')
    expect(arrived).toMatchObject({ direction: 'inbound', source: 'local', subject: 'Hi' })
    expect((await t.raw('bob')).toString()).not.toMatch(/eve@|(?<!\r)\n/)
    expect((await t.messages('ada'))[0]?.status).toBe('delivered')
  })

  test('addresses and header fields in UTF-8', async () => {
    const client = await loggedIn()
    expect(await client.command('MAIL FROM:<ada@posthouse.test> SMTPUTF8 BODY=8BITMIME')).toMatch(/^250 /)
    const utf8 = (text: string) => Buffer.from(text).toString('latin1')
    expect(await client.command(utf8('RCPT TO:<jürgen@bücher.example>'))).toMatch(/^250 /)
    await client.command('DATA')
    const mail = mailOf('To: jürgen@bücher.example', 'Subject: Grüße', '', 'Schöne Grüße').replaceAll('\n', '\r\n')
    expect(await client.command(utf8(`${mail}\r\n.`))).toMatch(/^250 /)
    const [message] = await t.messages('ada')
    expect(message?.subject).toBe('Grüße')
    const [delivery] = await t.app.store.read.outbound.ofMessage(message!.id)
    expect(delivery?.domain).toBe('xn--bcher-kva.example')
  })
})
