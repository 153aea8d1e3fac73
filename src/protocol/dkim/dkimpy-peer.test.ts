import { createPrivateKey } from 'node:crypto'
import { expect, test } from 'vitest'
import { findDkimpy } from '../../../test/support/dkimpy.ts'
import { sealArc } from '../arc/seal-arc.ts'
import { verifyArc } from '../arc/verify-arc.ts'
import type { Resolver } from '../dns/resolver.ts'
import { generateDkimKey } from './generate-dkim-key.ts'
import { type DkimSigningKey, signDkim } from './sign-dkim.ts'
import { verifyDkim } from './verify-dkim.ts'

// The independent peer; where it cannot be had these tests are skipped.
const peer = await findDkimpy()
const absent = 'missing' in peer
if (absent) console.log(`skipped without dkimpy: ${peer.missing}`)

const PEER = `
import base64, dkim, json, sys
job = json.load(sys.stdin)
dns = lambda name, timeout=5: job['zone'].get(name.decode().rstrip('.'), '').encode()
canon = [(h, b) for h in (b'simple', b'relaxed') for b in (b'simple', b'relaxed')]
out = []
for text in job['messages']:
    message = base64.b64decode(text)
    signed = [dkim.sign(message, b'r', b'example.org', job['key'].encode(), canonicalize=c) + message for c in canon]
    out.append({
        'dkim': [dkim.DKIM(message).verify(idx=n, dnsfunc=dns) for n in (0, 1)] if job['signed'] else [],
        'arc': dkim.ARC(message).verify(dnsfunc=dns)[0].decode(),
        'signed': [base64.b64encode(m).decode() for m in signed],
    })
json.dump(out, sys.stdout)
`

interface Answer {
  dkim: boolean[]
  arc: string
  signed: string[]
}

const now = Date.now() - 60_000
const rsa = await generateDkimKey('rsa-sha256')
const ed25519 = await generateDkimKey('ed25519-sha256')
const zone = {
  'r._domainkey.example.org': rsa.publicRecord,
  'e._domainkey.example.org': ed25519.publicRecord,
}
const resolver = { txt: async (name: keyof typeof zone) => [[zone[name]]] } as unknown as Resolver
const privateKey = createPrivateKey(rsa.privateKey)
const keys: DkimSigningKey[] = [
  { domain: 'example.org', selector: 'r', algorithm: 'rsa-sha256', privateKey },
  { domain: 'example.org', selector: 'e', algorithm: 'ed25519-sha256', privateKey: ed25519.privateKey },
]

const MESSAGES = [
  'From: a@example.org\r\n\r\n',
  'From: a@example.org\r\n\r\n\r\n\r\n',
  'From: a@example.org\r\n\r\n \t\r\n',
  'From: a@example.org\r\nSubject:\r\n\r\nno line end',
  'From: a@example.org\r\nSubject:  two  blanks \t and\r\n\ta fold \r\n\r\n a \t b \r\n\r\n\t\r\nc\r\n\r\n',
  'from: a@example.org\r\nTO: b@example.net\r\nTo: c@example.net\r\nReceived: x\r\n\r\n.\r\n..\r\n',
  'Subject: ungefähr\r\nFrom: ä <a@example.org>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nöäü \r\n',
  `From: a@example.org\r\nReferences: ${'<x@example.org>\r\n '.repeat(200)}<y@example.org>\r\n\r\n${'QUJD'.repeat(20_000)}\r\n`,
  `From: a@example.org\r\n\r\n${'word  \t'.repeat(10_000)}\r\n`,
].map((text) => Buffer.from(text))

function ask(messages: readonly Buffer[], signed: boolean): Answer[] {
  if ('missing' in peer) throw new Error(peer.missing)
  const texts = messages.map((message) => message.toString('base64'))
  return peer.ask(PEER, { zone, key: rsa.privateKey, messages: texts, signed }) as Answer[]
}

test.skipIf(absent)('dkimpy verifies what we sign, with both keys', () => {
  const signed = MESSAGES.map((message) => Buffer.concat([Buffer.from(signDkim(message, keys, { now })), message]))
  expect(ask(signed, true).map(({ dkim }) => dkim)).toEqual(MESSAGES.map(() => [true, true]))
})

test.skipIf(absent)('we verify what dkimpy signs, in all four canonicalizations', async () => {
  for (const [n, { signed }] of ask(MESSAGES, false).entries()) {
    for (const text of signed) {
      const message = Buffer.from(text, 'base64')
      const results = await verifyDkim(message, { resolver, now: Date.now() })
      expect(results, `message ${n}`).toMatchObject([{ result: 'pass', keyBits: 2048 }])
    }
  }
})

test.skipIf(absent)('dkimpy finds the chains we seal whole', async () => {
  const sealed: Buffer[] = []
  for (let message of MESSAGES) {
    for (let hop = 0; hop < 3; hop++) {
      const { result: chain } = await verifyArc(message, { resolver, now })
      const authResults = `mx.example.org; arc=${chain}; spf=pass smtp.mailfrom=a@example.org`
      const set = {
        domain: 'example.org',
        selector: 'r',
        privateKey,
        algorithm: 'rsa-sha256',
        authResults,
        chain,
        now,
      } as const
      message = Buffer.concat([Buffer.from(sealArc(message, set)), message])
    }
    sealed.push(message)
  }
  expect(ask(sealed, false).map(({ arc }) => arc)).toEqual(MESSAGES.map(() => 'pass'))
})
