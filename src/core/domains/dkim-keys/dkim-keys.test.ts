import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FakeRecords, fakeResolver } from '../../../../test/fakes/dns-zone.ts'
import { type TestApp, testApp } from '../../../../test/support/app.ts'
import { buildMailbox, wholeReach } from '../../../../test/support/builders.ts'
import { verifyDkim } from '../../../protocol/dkim/verify-dkim.ts'
import { Failure } from '../../errors.ts'
import type { Mailbox } from '../../mailboxes/model.ts'
import { secretsFrom } from '../../secrets.ts'
import { dnsRecordsOf } from '../dns-records.ts'
import type { Domain } from '../model.ts'
import { activateDkimKeys, ensureDkimKeys, rotateDkimKeys } from './rotate.ts'
import { signAs } from './sign.ts'

const message = Buffer.from(
  'From: ada@posthouse.test\r\nTo: bo@example.com\r\nSubject: Engine\r\nDate: Thu, 09 Oct 2025 08:53:20 +0000\r\n' +
    'Message-ID: <1@posthouse.test>\r\nMIME-Version: 1.0\r\n\r\nHello\r\n',
)

describe('DKIM keys of a domain', () => {
  let it: TestApp
  let domain: Domain
  let mailbox: Mailbox
  beforeAll(async () => {
    it = await testApp()
    domain = await it.app.store.run('domains.ensure-platform', { name: 'posthouse.test' })
    mailbox = await buildMailbox(it.app.store)
  })
  afterAll(() => it[Symbol.asyncDispose]())

  const zone = async (): Promise<Record<string, FakeRecords>> => {
    const records = (await dnsRecordsOf(it.app, 'posthouse.test')).filter((r) => r.type === 'TXT')
    return Object.fromEntries(records.map((r) => [r.name, { txt: [r.strings] }]))
  }
  const verdicts = async (signed: Buffer) => {
    const found = await verifyDkim(signed, { resolver: fakeResolver(await zone()), now: it.clock.now() })
    return found.map((v) => `${v.result} ${v.domain} ${v.selector} ${v.algorithm}`)
  }

  test('a domain without keys sends its mail as it is', async () => {
    expect(await signAs(it.app, mailbox, message)).toBe(message)
  })

  test('mail carries an RSA and an Ed25519 signature that verify with the records we ask to publish', async () => {
    await ensureDkimKeys(it.app, domain)
    const signed = await signAs(it.app, mailbox, message)
    expect(signed.subarray(-message.length)).toEqual(message)
    expect(await verdicts(signed)).toEqual([
      'pass posthouse.test dkim rsa-sha256',
      'pass posthouse.test dkim-ed ed25519-sha256',
    ])
  })

  test('asking for keys again makes none', async () => {
    const before = await it.app.store.read.dkimKeys.ofDomain(domain.id)
    await ensureDkimKeys(it.app, domain)
    expect(await it.app.store.read.dkimKeys.ofDomain(domain.id)).toEqual(before)
  })

  test('the records are MX, SPF, both keys and DMARC, long texts cut into strings', async () => {
    const records = await dnsRecordsOf(it.app, 'Posthouse.TEST.')
    expect(records.map((r) => `${r.type} ${r.name}`)).toEqual([
      'MX posthouse.test',
      'TXT posthouse.test',
      'TXT dkim._domainkey.posthouse.test',
      'TXT dkim-ed._domainkey.posthouse.test',
      'TXT _dmarc.posthouse.test',
    ])
    expect(records[0]).toEqual({
      ...{ type: 'MX', purpose: 'mx', name: 'posthouse.test', value: 'mail.posthouse.test' },
      ...{ key: 'MX posthouse.test', strings: [], priority: 10, required: true },
    })
    expect(records[2]?.value).toMatch(/^v=DKIM1; k=rsa; p=[\w+/=]{390,}$/)
    expect(records[2]?.strings.map((s) => s.length)).toEqual([255, (records[2]?.value.length ?? 0) - 255])
    await expect(dnsRecordsOf(it.app, 'unknown.test')).rejects.toMatchObject({ code: 'not_found' })
  })

  test('a private key is kept sealed and opens for no other row', async () => {
    const [rsa, ed] = await it.app.store.read.dkimKeys.ofDomain(domain.id)
    expect(rsa?.sealedKey).not.toContain('PRIVATE')
    expect(Buffer.from(rsa?.sealedKey ?? '', 'base64').toString('latin1')).not.toContain('PRIVATE')
    expect(ed?.sealedKey).toBeTruthy()
  })

  test('a rotation signs with the new keys only after the DNS shows them, and mail on its way stays valid', async () => {
    const sent = await signAs(it.app, mailbox, message)
    const pending = await rotateDkimKeys(it.app, 'posthouse.test')
    expect(pending.map((k) => k.selector)).toEqual(['dkim-20251009', 'dkim-ed-20251009'])
    expect(await rotateDkimKeys(it.app, 'posthouse.test')).toEqual(pending)
    expect(await verdicts(await signAs(it.app, mailbox, message))).toContain('pass posthouse.test dkim rsa-sha256')

    await expect(activateDkimKeys(it.app, 'posthouse.test', { force: false })).rejects.toThrow(Failure)
    const published: typeof it.app = { ...it.app, resolver: fakeResolver(await zone()) }
    await activateDkimKeys(published, 'posthouse.test', { force: false })

    expect(await verdicts(await signAs(it.app, mailbox, message))).toEqual([
      'pass posthouse.test dkim-20251009 rsa-sha256',
      'pass posthouse.test dkim-ed-20251009 ed25519-sha256',
    ])
    expect(await verdicts(sent)).toContain('pass posthouse.test dkim rsa-sha256')
  })

  test('under another master secret mail goes out unsigned, and the log says why', async () => {
    const lines: string[] = []
    const log = { ...it.app.log, error: (_: object, text: string) => lines.push(text) }
    const other = { ...it.app, log, secrets: secretsFrom('another secret') } as typeof it.app
    expect(await signAs(other, mailbox, message)).toBe(message)
    expect(lines[0]).toContain('POSTHOUSE_SECRET')
  })

  test('what a mailbox sends is stored, shown and captured with its signatures', async () => {
    const made = await it.call('POST', '/api/v0/inboxes', { body: { username: 'signer' } })
    const body = { to: 'bo@example.com', subject: 'Signed', text: 'Hello' }
    const sent = await it.call('POST', `/api/v0/inboxes/${made.body.inbox_id}/messages/send`, { body })
    await it.work()
    const box = await it.app.store.read.mailboxes.byAddress('signer@posthouse.test')
    const stored = box && (await it.app.store.read.messages.list(box.id, {}, { limit: 1 })).items[0]
    const captured = box && (await it.app.store.read.outbound.captured(wholeReach(box.orgId), { limit: 1 })).items[0]
    expect(sent.status).toBeLessThan(300)
    expect(captured?.blobKey).toBe(stored?.blobKey)
    const raw = await it.app.blobs.get(stored?.blobKey ?? '')
    expect(raw && (await verdicts(raw))).toHaveLength(2)
    expect(raw && (await verdicts(raw)).every((v) => v.startsWith('pass'))).toBe(true)
  })
})
