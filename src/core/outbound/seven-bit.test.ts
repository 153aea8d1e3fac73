import { expect, test } from 'vitest'
import { fakeResolver } from '../../../test/fakes/dns-zone.ts'
import { testApp } from '../../../test/support/app.ts'
import { buildMailbox } from '../../../test/support/builders.ts'
import { verifyDkim } from '../../protocol/dkim/verify-dkim.ts'
import { parseMessage } from '../../protocol/mime/parse-message.ts'
import { ensureDkimKeys } from '../domains/dkim-keys/rotate.ts'
import { dnsRecordsOf } from '../domains/dns-records.ts'
import { submitRaw } from './submit-raw.ts'

test('what leaves in seven bits says the same, under signatures that hold', async () => {
  await using t = await testApp({ settings: { route: { kind: 'direct' } } })
  await ensureDkimKeys(t.app, await t.app.store.run('domains.ensure-platform', { name: 'posthouse.test' }))
  const mailbox = await buildMailbox(t.app.store)
  const written = `From: ${mailbox.address}\nTo: ada@example.com\nSubject: Grüße\nContent-Type: text/plain; charset=utf-8\n\nSchöne Grüße\n`
  const raw = Buffer.from(written.replace(/\n/g, '\r\n'))
  await submitRaw(t.app, mailbox, { raw, recipients: ['ada@example.com'] })
  await t.work()
  const [handedOver] = t.handedOver
  const seven = (await handedOver?.sevenBit?.()) ?? Buffer.alloc(0)
  expect(seven.every((byte) => byte < 0x80)).toBe(true)
  expect(parseMessage(seven)).toMatchObject({ subject: 'Grüße', text: 'Schöne Grüße' })
  const records = (await dnsRecordsOf(t.app, 'posthouse.test')).filter(({ type }) => type === 'TXT')
  const zone = Object.fromEntries(records.map((record) => [record.name, { txt: [record.strings] }]))
  const verdicts = await verifyDkim(seven, { resolver: fakeResolver(zone), now: t.clock.now() })
  expect(verdicts.map(({ result, algorithm }) => [result, algorithm])).toEqual([
    ['pass', 'rsa-sha256'],
    ['pass', 'ed25519-sha256'],
  ])
  expect(handedOver?.raw.toString()).toContain('Schöne Grüße')
})
