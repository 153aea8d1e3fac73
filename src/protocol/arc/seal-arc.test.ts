import { createPrivateKey } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { generateDkimKey } from '../dkim/generate-dkim-key.ts'
import { signDkim } from '../dkim/sign-dkim.ts'
import { DnsError, type Resolver } from '../dns/resolver.ts'
import { ParseError } from '../parse-error.ts'
import { type SealArcOptions, sealArc } from './seal-arc.ts'
import { verifyArc } from './verify-arc.ts'

const now = Date.UTC(2025, 0, 6)
const { privateKey: pem, publicRecord } = await generateDkimKey('rsa-sha256')
const privateKey = createPrivateKey(pem)
const resolver = {
  async txt(name: string) {
    if (name.endsWith('.gone.example')) throw new DnsError('timeout', name)
    return [[publicRecord]]
  },
} as Resolver

const MESSAGE = 'From: a@example.org\r\nSubject: Hello\r\nReceived: x\r\n\r\nText\r\n'
const authResults = 'mx.example.org; spf=pass smtp.mailfrom=a@example.org; dkim=none'

const verify = (message: string) => verifyArc(Buffer.from(message), { resolver, now })

/** The message as it leaves one more handler, who believes what it verified. */
async function pass(message: string, domain: string, change: Partial<SealArcOptions> = {}): Promise<string> {
  const { result: chain } = await verify(message)
  const options = { domain, selector: 's', privateKey, algorithm: 'rsa-sha256', authResults, chain, now } as const
  return sealArc(Buffer.from(message), { ...options, ...change }) + message
}

test('a chain of several handlers passes and names them in order', async () => {
  const signature = signDkim(
    Buffer.from(MESSAGE),
    [{ domain: 'example.org', selector: 's', algorithm: 'rsa-sha256', privateKey }],
    { now },
  )
  let message = await pass(signature + MESSAGE, 'one.example')
  message = await pass(`Received: x\r\n${message}`, 'two.example')
  // A list may change what it likes before it seals.
  message = message.replace('Hello', '[list] Hello').replace('Text', 'Text\r\n-- \r\nfooter')
  expect(await verify(message)).toMatchObject({ result: 'fail', reason: 'message signature did not verify' })
  message = await pass(message, 'three.example', { chain: 'pass' })
  expect(await verify(message)).toEqual({
    result: 'pass',
    instances: 3,
    results: expect.stringContaining('mx.example.org'),
    reason: null,
    sealers: ['one.example', 'two.example', 'three.example'],
  })
})

test('the three fields say who they are', async () => {
  const sealed = await pass(MESSAGE, 'one.example', {
    authResults: 'mx.example.org;\r\n\tspf=pass (grün); dkim=none; ',
  })
  expect(sealed).toMatch(/^ARC-Seal: i=1; a=rsa-sha256; d=one\.example; s=s; t=1736121600;\s+cv=none;\r\n b=/)
  expect(sealed).toMatch(/\r\nARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed\/relaxed;\s+d=one\.example;/)
  expect(sealed).toContain(
    '\r\nARC-Authentication-Results: i=1; mx.example.org;\r\n spf=pass (grün);\r\n dkim=none;\r\nFrom: ',
  )
  expect(await verify(sealed)).toMatchObject({ result: 'pass' })
})

test.each<[string, (message: string) => string, string]>([
  ['a changed result', (m) => m.replaceAll('spf=pass', 'spf=fail'), 'seal 1 did not verify'],
  ['a changed seal', (m) => m.replace('cv=pass', 'cv=pass; x=1'), 'seal 2 did not verify'],
  ['a missing set', (m) => m.replace(/^ARC-Seal: i=1.*\r\n(?: .*\r\n)*/m, ''), 'ARC set 1 is not complete'],
  ['a changed body', (m) => `${m}more`, 'body hash did not verify'],
  ['an added field', (m) => `Reply-To: x\r\n${m}`, 'message signature did not verify'],
])('a chain with %s fails', async (_, change, reason) => {
  const message = change(await pass(await pass(MESSAGE, 'one.example'), 'two.example'))
  expect(await verify(message)).toMatchObject({ result: 'fail', reason })
})

test('a chain sealed in the future, or by anyone with anything, gets a verdict', async () => {
  const sealed = await pass(MESSAGE, 'one.example', { now: now + 3_600_000 })
  expect(await verify(sealed)).toMatchObject({ result: 'fail', reason: 'signature is from the future' })
  const names = fc.constantFrom('ARC-Seal', 'ARC-Message-Signature', 'ARC-Authentication-Results')
  const values = fc.string({
    unit: fc.constantFrom('i=1;', 'i=2', 'cv=none', 'a=rsa-sha256', ';', '=', ' ', '\r\n ', 'b'),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(names, values), { minLength: 1, maxLength: 200 }), async (fields) => {
      const head = fields.map(([name, value]) => `${name}:${value}\r\n`).join('')
      const { result, reason } = await verify(head + MESSAGE)
      expect(result).toBe('fail')
      expect(reason).not.toBeNull()
      expect(await pass(head + MESSAGE, 'one.example')).toContain('From: ')
    }),
  )
})

test('a key the DNS does not give right now fails the chain', async () => {
  const message = await pass(MESSAGE, 'gone.example')
  expect(await verify(message)).toMatchObject({ result: 'fail', reason: 'the DNS gave no answer for the key' })
})

test('a broken chain is sealed as broken, once', async () => {
  const broken = `${await pass(MESSAGE, 'one.example')}more`
  const sealed = await pass(broken, 'two.example')
  expect(sealed).toContain('cv=fail')
  expect(await verify(sealed)).toMatchObject({ result: 'fail', reason: 'the chain was sealed as broken', instances: 2 })
  expect(await pass(sealed, 'three.example')).toBe(sealed)
})

test('a chain without its sets is sealed as broken under the next number', async () => {
  const sealed = await pass(`ARC-Seal: cv=none; i=7; a=x\r\n${MESSAGE}`, 'one.example')
  expect(sealed).toMatch(/^ARC-Seal: i=8;/)
  expect(sealed).toContain('cv=fail')
})

test('a full chain takes no further set', async () => {
  let message = MESSAGE
  for (let n = 0; n < 50; n++) message = await pass(message, 'one.example')
  expect(await verify(message)).toMatchObject({ result: 'pass', instances: 50 })
  expect(await pass(message, 'one.example')).toBe(message)
})

test('results that would be two fields, or a chain that is not the one verified, are refused', async () => {
  await expect(pass(MESSAGE, 'one.example', { authResults: 'mx; spf=pass\r\nBcc: x' })).rejects.toThrow(ParseError)
  await expect(pass(MESSAGE, 'one.example', { chain: 'pass' })).rejects.toThrow(ParseError)
})
