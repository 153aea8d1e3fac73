import { createPrivateKey } from 'node:crypto'
import { expect, test } from 'vitest'
import { testApp } from '../../../test/support/app.ts'
import { sealArc } from '../../protocol/arc/seal-arc.ts'
import { generateDkimKey } from '../../protocol/dkim/generate-dkim-key.ts'

const dns = {
  'bank.example': { txt: ['v=spf1 -all'] },
  '_dmarc.bank.example': { txt: ['v=DMARC1; p=reject'] },
  'shop.example': { txt: ['v=spf1 -all'] },
  '_dmarc.shop.example': { txt: ['v=DMARC1; p=quarantine'] },
  'open.example': { txt: ['v=spf1 -all'] },
  '_dmarc.open.example': { txt: ['v=DMARC1; p=none'] },
}

async function open() {
  const it = await testApp({ dns })
  const { body: inbox } = await it.call('POST', '/api/v0/inboxes', { body: { username: 'box' } })
  const messages = `/api/v0/inboxes/${inbox.inbox_id}/messages`
  return Object.assign(it, {
    async receive(from: string, body = 'Hello', mailFrom = from) {
      const raw = `From: ${from}\nSubject: x\nDate: Mon, 6 Jan 2025 10:00:00 +0000\n\n${body}\n`
      await it.mail(inbox.email_address, raw, { mailFrom })
    },
    inbox,
    list: async (query = '') => (await it.call('GET', `${messages}?${query}`)).body.data,
    get: async (id: string) => (await it.call('GET', `${messages}/${id}`)).body,
  })
}

test.each(['bank.example', 'shop.example'])('mail that %s asks not to believe is out of sight', async (domain) => {
  await using t = await open()
  await t.receive(`ann@${domain}`)
  expect(await t.list()).toEqual([])
  const [item] = await t.list('include_unauthenticated=true')
  expect(item.labels).toEqual(['unauthenticated'])
  expect(await t.list('labels=unauthenticated')).toEqual([item])
  expect((await t.get(item.message_id)).risk).toEqual({
    level: 'high',
    findings: [{ code: 'unauthenticated-sender', level: 'high', explanation: expect.any(String) }],
  })
  const [event] = (await t.app.store.read.events.after(0, 100)).filter(({ type }) => type === 'message.received')
  expect(event?.payload).toEqual({ variant: 'unauthenticated' })
})

test.each(['open.example', 'nowhere.example'])('mail of %s, which asks for nothing, is shown', async (domain) => {
  await using t = await open()
  await t.receive(`ann@${domain}`)
  expect((await t.list())[0].labels).toEqual([])
})

test('the text that filters are tested with is spam, what headers say of spam is not', async () => {
  await using t = await open()
  await t.receive('ann@open.example', 'XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X')
  await t.receive('ann@open.example\nX-Spam-Flag: YES\nX-Spam-Status: Yes, score=99', 'Hello', 'ann@open.example')
  expect((await t.list('include_spam=true')).map((m: { labels: string[] }) => m.labels)).toEqual([[], ['spam']])
  expect(await t.list()).toHaveLength(1)
})

test('mail between mailboxes here is believed', async () => {
  await using t = await open()
  await t.call('POST', `/api/v0/inboxes/${t.inbox.inbox_id}/messages/send`, {
    body: { to: [t.inbox.email_address], subject: 'x', text: 'y' },
  })
  await t.work()
  expect((await t.list('direction=inbound'))[0].labels).toEqual([])
})

test.each([
  ['a sealer we trust', 'sealer.example', 'mx.sealer.example; dmarc=pass header.from=bank.example', []],
  ['a sealer nobody knows', 'stranger.example', 'mx.stranger.example; dmarc=pass', ['unauthenticated']],
  ['a sealer that found it forged', 'sealer.example', 'mx.sealer.example; dmarc=fail', ['unauthenticated']],
])('of mail that was passed on by %s', async (_, domain, authResults, labels) => {
  const { privateKey, publicRecord } = await generateDkimKey('rsa-sha256')
  await using t = await testApp({
    dns: { ...dns, [`s1._domainkey.${domain}`]: { txt: [publicRecord.match(/.{1,250}/g) ?? []] } },
  })
  const { body: inbox } = await t.call('POST', '/api/v0/inboxes', { body: { username: 'box' } })
  const mail = Buffer.from(
    'From: ann@bank.example\r\nSubject: x\r\nDate: Mon, 6 Jan 2025 10:00:00 +0000\r\n\r\nHello\r\n',
  )
  const key = { domain, selector: 's1', privateKey: createPrivateKey(privateKey), algorithm: 'rsa-sha256' as const }
  const seal = sealArc(mail, { ...key, authResults, chain: 'none', now: t.clock.now() })
  await t.mail(inbox.email_address, Buffer.concat([Buffer.from(seal), mail]), { mailFrom: 'list@elsewhere.example' })
  const { body } = await t.call('GET', `/api/v0/inboxes/${inbox.inbox_id}/messages?include_unauthenticated=true`)
  expect(body.data[0].labels).toEqual(labels)
})
