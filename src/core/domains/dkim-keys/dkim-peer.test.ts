import { expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../../test/support/app.ts'
import { buildMailbox } from '../../../../test/support/builders.ts'
import { findDkimpy } from '../../../../test/support/dkimpy.ts'
import { ownerOf } from '../../../../test/support/outbound.ts'
import type { Mailbox } from '../../mailboxes/model.ts'
import type { SendRequest } from '../../outbound/draft.ts'
import { forwardMessage } from '../../outbound/forward.ts'
import { replyToMessage } from '../../outbound/reply.ts'
import { sendMessage } from '../../outbound/send.ts'
import { dnsRecordsOf } from '../dns-records.ts'
import { ensureDkimKeys } from './rotate.ts'

// The independent peer; where it cannot be had these tests are skipped.
const dkimpy = await findDkimpy()
const absent = 'missing' in dkimpy
if (absent) console.log(`skipped without dkimpy: ${dkimpy.missing}`)

const file = (filename: string, contentType: string, content: string | Buffer) => ({
  ...{ filename, contentType, disposition: null, contentId: null, url: null },
  content: Buffer.from(content).toString('base64'),
})
const bytes = (size: number) => Buffer.from(Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 255))

const subjects = [
  '',
  'Notes',
  'Grüße an alle, die es lesen wollen, und an die anderen',
  '  two   blanks  \t and a tab ',
  '🍵'.repeat(60),
  '日本語の件名'.repeat(12),
  `long${'x'.repeat(300)} word`,
  '=?utf-8?q?not_ours?=',
]

const bodies: Pick<SendRequest, 'text' | 'html'>[] = [
  { text: 'Plain', html: null },
  { text: '', html: null },
  { text: 'Größe\n.\n..dots\n\n\n', html: '<p>Größe 🍵</p>' },
  { text: null, html: `<p>${'long '.repeat(500)}</p>` },
  { text: `${'x'.repeat(3000)}\nFrom the start\n-- \nAda \t \n`, html: null },
]

const more: Partial<SendRequest>[] = [
  {},
  { to: ['"Zoë, A." <zoe@client.test>', 'bo@bücher.test'], cc: ['Ünal <c@client.test>'], replyTo: ['desk@team.test'] },
  { headers: { 'List-Unsubscribe': '<mailto:u@x.test>, <https://x.test/u?a=b>', 'List-Id': 'Tea <tea.x.test>' } },
  { attachments: [file('ü.txt', 'text/plain', 'a\nb'), file('m.eml', 'message/rfc822', 'From: a@b.c\n\nx\n')] },
  { attachments: [file('\u{1f375}.bin', 'application/octet-stream', bytes(70_000))], headers: { 'X-Odd': ' a   b ' } },
]

const request: SendRequest = {
  ...{ to: ['ada@example.com'], cc: [], bcc: [], replyTo: [], labels: [], attachments: [], headers: {} },
  ...{ subject: 'Notes', text: 'On the engine', html: null },
}

const drafts = subjects.flatMap((subject, s) =>
  bodies.flatMap((body, b) =>
    more.map((rest, m) => ({ ...request, subject, ...body, ...rest, key: s * 25 + b * 5 + m })),
  ),
)

const FOREIGN = `From: "Zoë" <zoe@client.test>
To: desk@posthouse.test
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
Message-ID: <first@client.test>
References: ${'<before@client.test>\n '.repeat(30)}<just-before@client.test>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8

At four?   Größe
.
--b
Content-Type: application/pdf; name="a b.pdf"
Content-Transfer-Encoding: base64

JVBERi0=
--b--
`

interface Signer {
  it: TestApp
  box: Mailbox
}

async function signer(it: TestApp): Promise<Signer> {
  await ensureDkimKeys(it.app, await it.app.store.run('domains.ensure-platform', { name: 'posthouse.test' }))
  return { it, box: await buildMailbox(it.app.store, undefined, { localPart: 'desk', displayName: 'Zoë & Söhne' }) }
}

async function bytesOf({ it, box }: Signer, { messageId }: Awaited<ReturnType<typeof sendMessage>>): Promise<Buffer> {
  const message = await it.app.store.read.messages.get(box.id, messageId)
  const raw = await it.app.blobs.get(message?.blobKey ?? '')
  if (!raw) throw new Error('The message has no bytes')
  return raw
}

/** What dkimpy says of each mail's RSA and Ed25519 signature. */
async function verdicts(us: Signer, mails: Buffer[]): Promise<boolean[][]> {
  if ('missing' in dkimpy) throw new Error(dkimpy.missing)
  return dkimpy.verify(mails, await zoneOf(us))
}

async function zoneOf({ it }: Signer): Promise<Record<string, string>> {
  return Object.fromEntries((await dnsRecordsOf(it.app, 'posthouse.test')).map((r) => [r.name, r.value]))
}

test.skipIf(absent)('both signatures of all kinds of composed mail verify elsewhere', async () => {
  await using it = await testApp({ settings: { sendsPerMinute: 0, threadSendsPerHour: 0 } })
  const us = await signer(it)
  const mails: Buffer[] = []
  for (const draft of drafts)
    mails.push(await bytesOf(us, await sendMessage(it.app, ownerOf(us.box), us.box.id, draft)))
  console.log(`dkimpy: ${mails.length} composed mails`)
  const said = await verdicts(us, mails)
  const wrong = drafts.filter((_, i) => said[i]?.[0] !== true || said[i]?.[1] !== true)
  expect(wrong.map(({ key, subject }) => [key, subject])).toEqual([])
  expect(said).toHaveLength(200)
})

test.skipIf(absent)('a forward carries a chain that verifies elsewhere, with what we saw of the original', async () => {
  if ('missing' in dkimpy) throw new Error(dkimpy.missing)
  await using it = await testApp()
  const us = await signer(it)
  await it.mail('desk@posthouse.test', Buffer.from(FOREIGN.replace(/\n/g, '\r\n')))
  const [original] = (await it.app.store.read.messages.list(us.box.id, {}, { limit: 1 })).items
  const forward = { ...request, subject: null, includeOriginal: true }
  const sent = await forwardMessage(it.app, ownerOf(us.box), us.box.id, original?.id ?? '', forward)
  const plain = await sendMessage(it.app, ownerOf(us.box), us.box.id, request)
  const mail = await bytesOf(us, sent)
  const changed = Buffer.from(mail.toString('latin1').replace('engine', 'Engine'), 'latin1')
  expect(dkimpy.chains([mail, await bytesOf(us, plain), changed], await zoneOf(us))).toEqual(['pass', 'none', 'fail'])
  expect(mail.toString()).toMatch(/^ARC-Seal: i=1;[\s\S]*cv=none/)
  expect(mail.toString()).toMatch(/^ARC-Authentication-Results: i=1; mail\.posthouse\.test;\s+spf=none/m)
})

test.skipIf(absent)('forwards and answers verify elsewhere', async () => {
  await using it = await testApp()
  const us = await signer(it)
  await it.mail('desk@posthouse.test', Buffer.from(FOREIGN.replace(/\n/g, '\r\n')))
  const [original] = (await it.app.store.read.messages.list(us.box.id, {}, { limit: 1 })).items
  const caller = ownerOf(us.box)
  const sent = []
  for (const body of bodies) {
    const forward = { ...request, ...body, subject: null, includeOriginal: true }
    sent.push(await forwardMessage(it.app, caller, us.box.id, original?.id ?? '', forward))
    const { subject: _, ...answer } = request
    if ((body.text ?? body.html ?? '') === '') continue
    sent.push(await replyToMessage(it.app, caller, us.box.id, original?.id ?? '', { ...answer, ...body, all: true }))
  }
  const mails = await Promise.all(sent.map((one) => bytesOf(us, one)))
  expect(await verdicts(us, mails)).toEqual(mails.map(() => [true, true]))
})

const hostile: Record<string, (mail: string) => string> = {
  'another From': (mail) => mail.replace(/^From: .*/m, 'From: Eve <eve@posthouse.test>'),
  'a second From above': (mail) => `From: Eve <eve@evil.test>\r\n${mail}`,
  'a second From below': (mail) => mail.replace('\r\n\r\n', '\r\nFrom: Eve <eve@evil.test>\r\n\r\n'),
  'a second Subject': (mail) => `Subject: Pay now\r\n${mail}`,
  'a second To': (mail) => `To: all@example.com\r\n${mail}`,
  'a Reply-To where there was none': (mail) => `Reply-To: eve@evil.test\r\n${mail}`,
  'a Cc where there was none': (mail) => `Cc: eve@evil.test\r\n${mail}`,
  'a second Date': (mail) => `Date: Mon, 1 Jan 2035 00:00:00 +0000\r\n${mail}`,
  'another Content-Type above': (mail) => `Content-Type: text/html\r\n${mail}`,
  'another Content-Transfer-Encoding above': (mail) => `Content-Transfer-Encoding: base64\r\n${mail}`,
  'no Subject': (mail) => mail.replace(/^Subject: .*\r\n/m, ''),
  'another Message-ID': (mail) => mail.replace(/^Message-ID: </m, 'Message-ID: <x'),
  'more at the end': (mail) => `${mail}Pay now\r\n`,
  'a letter of the body': (mail) => mail.replace('engine', 'Engine'),
}

test.skipIf(absent)('what was changed or added on the way fails elsewhere', async () => {
  await using it = await testApp()
  const us = await signer(it)
  const sent = await sendMessage(it.app, ownerOf(us.box), us.box.id, request)
  const mail = (await bytesOf(us, sent)).toString('latin1')
  const changed = Object.entries(hostile).map(([name, change]) => [name, change(mail)] as const)
  expect(changed.filter(([, text]) => text === mail)).toEqual([])
  const said = await verdicts(
    us,
    [mail, ...changed.map(([, text]) => text)].map((text) => Buffer.from(text, 'latin1')),
  )
  expect(said[0]).toEqual([true, true])
  expect(changed.map(([name], i) => [name, said[i + 1]])).toEqual(changed.map(([name]) => [name, [false, false]]))
})
