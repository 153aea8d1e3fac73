import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestSmtp, testSmtp } from '../../../test/support/smtp.ts'

let smtp: TestSmtp
beforeAll(async () => {
  smtp = await testSmtp()
})
afterAll(() => smtp[Symbol.asyncDispose]())

interface Made {
  id: string
  hookAddress: string
}

const make = async (fields: object = {}): Promise<Made> =>
  (await smtp.call('POST', '/api/v1/inbox', { body: { name: 'Hook', ...fields } })).body

const subjects = async ({ id }: Made) => {
  const { body } = await smtp.call('GET', `/api/v1/inbox/${id}/messages`)
  return body.map(({ subject }: { subject: string }) => subject)
}

const drops = async ({ id }: Made) => {
  const { body } = await smtp.call('GET', `/api/v1/inbox/${id}/drops`)
  return body.map(({ reason, fromAddress, subject }: Record<string, string>) => [reason, fromAddress, subject])
}

/** The reply to the mail, after all recipients were taken. */
async function send(to: Made[], raw: string, from = 'ada@corp.test'): Promise<string> {
  using client = await smtp.connect()
  await client.reply()
  await client.command('HELO client.example')
  await client.command(`MAIL FROM:<${from}>`)
  for (const { hookAddress } of to) expect(await client.command(`RCPT TO:<${hookAddress}>`)).toMatch(/^250 /)
  await client.command('DATA')
  return (await client.command(`${raw.replaceAll('\n', '\r\n')}\r\n.`)) ?? 'closed'
}

async function rcpt(address: string, parameters = ''): Promise<string> {
  using client = await smtp.connect()
  await client.reply()
  await client.command('EHLO client.example')
  await client.command(`MAIL FROM:<ada@corp.test>${parameters}`)
  return (await client.command(`RCPT TO:<${address}>`)) ?? 'closed'
}

test('a hook address is taken in any case and with any tag; a guess, a lost one and a foreign one get their answers', async () => {
  const box = await make()
  const upper = box.hookAddress.toUpperCase().replace('@', '+Invoices@')
  expect(await rcpt(upper)).toBe('250 2.1.5 Recipient ok')
  const unknown = '550 5.1.1 No such mailbox here'
  expect(await rcpt('habcd1234-mp0fzxf7bpb449b9@posthouse.test')).toBe(unknown)
  expect(await rcpt(box.hookAddress.replace('@posthouse.test', '@example.com'))).toBe('550 5.7.1 We do not relay')
  await smtp.call('PUT', `/api/v1/inbox/${box.id}`, { body: { enabled: false } })
  expect(await rcpt(box.hookAddress)).toBe('550 5.2.1 This mailbox takes no mail')
  await smtp.call('DELETE', `/api/v1/inbox/${box.id}`)
  expect(await rcpt(box.hookAddress)).toBe(unknown)
})

test('a guess costs no look at the store', async () => {
  const { mailboxes, domains } = smtp.app.store.read
  const looks: string[] = []
  const watched = <T extends object>(noun: T) =>
    new Proxy(noun, {
      get(target, name, self) {
        looks.push(String(name))
        return Reflect.get(target, name, self)
      },
    })
  const { store } = smtp.app
  const read = { ...store.read, mailboxes: watched(mailboxes), domains: watched(domains) }
  smtp.app.store = { ...store, read, run: store.run.bind(store) } as typeof store
  const box = await make()
  looks.length = 0
  expect(await rcpt('habcd1234-mp0fzxf7bpb449b9+x@posthouse.test')).toMatch(/^550 5\.1\.1 /)
  expect(looks).toEqual([])
  expect(await rcpt(box.hookAddress)).toMatch(/^250 /)
  expect(looks).not.toEqual([])
  smtp.app.store = store
})

test('a size that is announced is refused at RCPT, by the inbox that does not take it', async () => {
  const small = await make({ maxMessageSizeBytes: 1000 })
  const large = await make()
  expect(await rcpt(small.hookAddress, ' SIZE=1001')).toBe('552 5.3.4 The message is too large')
  expect(await rcpt(small.hookAddress, ' SIZE=1000')).toMatch(/^250 /)
  expect(await rcpt(large.hookAddress, ' SIZE=1001')).toMatch(/^250 /)
})

test('only an inbox that is set to it takes more than the usual, up to what the server takes', async () => {
  await using own = await testSmtp({ settings: { maxMessageBytes: 3000, usualMessageBytes: 2000 } })
  const inbox = async (maxMessageSizeBytes: number) => {
    const { body } = await own.call('POST', '/api/v1/inbox', { body: { name: 'x', maxMessageSizeBytes } })
    return body.hookAddress as string
  }
  expect((await own.call('POST', '/api/v1/inbox', { body: { name: 'x', maxMessageSizeBytes: 3001 } })).status).toBe(400)
  const sent = async (to: string, bytes: number) => {
    using client = await own.connect()
    await client.reply()
    for (const line of ['EHLO client.example', 'MAIL FROM:<ada@corp.test>', `RCPT TO:<${to}>`, 'DATA']) {
      await client.command(line)
    }
    return await client.command(`Subject: x\r\n\r\n${'x'.repeat(bytes - 16)}\r\n.`)
  }
  const large = await inbox(3000)
  expect([await sent('ada@posthouse.test', 2000), await sent('ada@posthouse.test', 2001)]).toEqual([
    expect.stringMatching(/^250 /),
    expect.stringMatching(/^552 5\.3\.4 /),
  ])
  expect([await sent(large, 3000), await sent(large, 3001)]).toEqual([
    expect.stringMatching(/^250 /),
    '552 5.3.4 The limit is 3000 bytes',
  ])
})

test('a mail that is too large for all is refused, and for some only dropped there', async () => {
  const [tiny, small, large] = [
    await make({ maxMessageSizeBytes: 300 }),
    await make({ maxMessageSizeBytes: 1000 }),
    await make(),
  ]
  const raw = (bytes: number) => `From: ada@corp.test\nSubject: ${bytes}\n\n${'x'.repeat(bytes)}`
  expect(await send([tiny, small], raw(2000))).toBe('552 5.3.4 The message is too large')
  expect(await send([tiny, small, large], raw(500))).toMatch(/^250 2\.0\.0 Ok: queued as /)
  expect([await subjects(tiny), await subjects(small), await subjects(large)]).toEqual([[], ['500'], ['500']])
  expect(await drops(tiny)).toEqual([
    ['tooLarge', 'ada@corp.test', '500'],
    ['tooLarge', 'ada@corp.test', '2000'],
  ])
  expect(await drops(large)).toEqual([])
})

test.each([
  ['no size', ''],
  ['too small a size', ' SIZE=100'],
])(
  'with %s announced, a mail to an ordinary mailbox and a larger inbox at once is taken by both or by none',
  async (_, size) => {
    await using own = await testSmtp({ settings: { maxMessageBytes: 3000, usualMessageBytes: 2000 } })
    const { body } = await own.call('POST', '/api/v1/inbox', { body: { name: 'x', maxMessageSizeBytes: 3000 } })
    const sent = async (bytes: number, to = ['ada@posthouse.test', body.hookAddress]) => {
      using client = await own.connect()
      await client.reply()
      const rcpts = to.map((address) => `RCPT TO:<${address}>`)
      for (const line of ['EHLO client.example', `MAIL FROM:<ada@corp.test>${size}`, ...rcpts, 'DATA']) {
        expect(await client.command(line)).toMatch(/^[23]5[04] ?/)
      }
      return await client.command(`Subject: ${bytes}\r\n\r\n${'x'.repeat(bytes - 19)}\r\n.`)
    }
    const counts = async () => [
      (await own.call('GET', `/api/v1/inbox/${body.id}`)).body.messageCount,
      (await own.call('GET', '/api/v0/inboxes/ada@posthouse.test/messages')).body.total,
    ]
    expect([await sent(2500), await counts()]).toEqual(['552 5.3.4 The message is too large', [0, 0]])
    expect([await sent(1500), await counts()]).toEqual([expect.stringMatching(/^250 /), [1, 1]])
    expect([await sent(2500, [body.hookAddress]), await counts()]).toEqual([expect.stringMatching(/^250 /), [2, 1]])
  },
)

const files = (subject: string, ...parts: string[]) => `From: ada@corp.test
Subject: ${subject}
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

x
${parts.map((part) => `--b\n${part}\n`).join('')}--b--`

const image = 'Content-Type: image/png\nContent-Disposition: inline\nContent-ID: <i@x>\n\nx'
const nested = `Content-Type: message/rfc822\n\n${files('inner', image, image)}`

test('attachments are counted, inline images too and a mail in a mail once', async () => {
  const [none, one] = [await make({ maxAttachments: 0 }), await make({ maxAttachments: 1 })]
  expect(await send([none, one], files('none'))).toMatch(/^250 /)
  expect(await send([none], files('image', image))).toBe('554 5.6.0 The message breaks a rule')
  expect(
    await send([one], files('mail', nested.replaceAll('boundary=b', 'boundary=c').replaceAll('--b', '--c'))),
  ).toMatch(/^250 /)
  expect(await send([none, one], files('two', image, image))).toBe('554 5.6.0 The message breaks a rule')
  expect(await send([none, one], files('some', image))).toMatch(/^250 /)
  expect([await subjects(none), await subjects(one)]).toEqual([['none'], ['some', 'mail', 'none']])
})

test('a sender that is not on the list notices nothing', async () => {
  const box = await make({ allowedFromEmails: 'Friend@Corp.test' })
  const raw = (from: string) => `From: ${from}\nSubject: hello\n\nx`
  const told = await send([box], raw('foe@corp.test'))
  const friendly = await send([box], raw('Anyone <FRIEND@corp.test>'), 'bounces@mailer.test')
  const shape = /^250 2\.0\.0 Ok: queued as [0-9a-f-]{36}$/
  expect([told, friendly]).toEqual([expect.stringMatching(shape), expect.stringMatching(shape)])
  await send([box], raw('friend+tag@corp.test'), 'friend@corp.test')
  await send([box], raw('friend@sub.corp.test'))
  await send([box], 'Subject: no author\n\nx', 'friend@corp.test')
  await send([box], 'Subject: a bounce\n\nx', '')
  expect(await subjects(box)).toEqual(['no author', 'hello'])
  expect((await drops(box)).map(([reason, from]: string[]) => [reason, from])).toEqual([
    ['senderNotAllowed', ''],
    ['senderNotAllowed', 'friend@sub.corp.test'],
    ['senderNotAllowed', 'friend+tag@corp.test'],
    ['senderNotAllowed', 'foe@corp.test'],
  ])
  await smtp.call('PUT', `/api/v1/inbox/${box.id}`, { body: { allowedFromEmails: null } })
  await send([box], raw('foe@corp.test'))
  expect(await subjects(box)).toEqual(['hello', 'no author', 'hello'])
})

test('an inbox that asks for authentic senders drops what anybody could have written', async () => {
  const box = await make({ requireAuthenticatedSender: true })
  expect(await send([box], 'From: ada@corp.test\nSubject: forged\n\nx')).toMatch(/^250 /)
  expect(await subjects(box)).toEqual([])
  expect(await drops(box)).toEqual([['senderNotAuthenticated', 'ada@corp.test', 'forged']])
})

test('the policy holds for mail from here too, and its sender hears of it', async () => {
  const box = await make({ maxMessageSizeBytes: 300 })
  const { body } = await smtp.call('POST', '/api/v0/inboxes/ada@posthouse.test/messages/send', {
    body: { to: box.hookAddress, subject: 'large', text: 'x'.repeat(1000) },
  })
  await smtp.work()
  const { body: told } = await smtp.call('GET', `/api/v0/inboxes/ada@posthouse.test/messages/${body.message_id}`)
  expect(told.status).toBe('bounced')
  expect(await subjects(box)).toEqual([])
})

test('what looks like spam, or fails the checks of its domain, is shown like the rest', async () => {
  await using strict = await testSmtp({ dns: { '_dmarc.corp.test': { TXT: ['v=DMARC1; p=reject'] } } as never })
  const { body: box } = await strict.call('POST', '/api/v1/inbox', { body: { name: 'All' } })
  const gtube = 'XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X'
  for (const text of ['forged', gtube]) {
    await strict.mail(box.hookAddress, `From: ada@corp.test\nSubject: ${text.slice(0, 6)}\n\n${text}\n`)
  }
  const { body } = await strict.call('GET', `/api/v1/inbox/${box.id}/messages`)
  expect(body.map(({ subject }: { subject: string }) => subject)).toEqual(['XJS*C4', 'forged'])
})
