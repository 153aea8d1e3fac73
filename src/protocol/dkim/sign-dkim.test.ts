import { createPrivateKey } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Resolver } from '../dns/resolver.ts'
import { allFields, readHead, unfold } from '../mime/header-fields.ts'
import { ParseError } from '../parse-error.ts'
import { generateDkimKey, splitTxt } from './generate-dkim-key.ts'
import { type DkimSigningKey, signDkim } from './sign-dkim.ts'
import { parseTagList } from './tag-list.ts'
import { verifyDkim } from './verify-dkim.ts'

const now = Date.UTC(2025, 0, 6)
const rsa = await generateDkimKey('rsa-sha256')
const ed25519 = await generateDkimKey('ed25519-sha256')
const zone: Record<string, string> = {
  'r._domainkey.example.org': rsa.publicRecord,
  'e._domainkey.example.org': ed25519.publicRecord,
}
const resolver = { txt: async (name: string) => [splitTxt(zone[name]!)] } as unknown as Resolver

const keys: DkimSigningKey[] = [
  { domain: 'example.org', selector: 'r', algorithm: 'rsa-sha256', privateKey: createPrivateKey(rsa.privateKey) },
  { domain: 'Example.org', selector: 'e', algorithm: 'ed25519-sha256', privateKey: ed25519.privateKey },
]
const MESSAGE = 'From: a@example.org\r\nTo: b@example.net\r\nSubject: Hello\r\nX-Other: 1\r\n\r\nText\r\n'

const tagsOf = (signatures: string) =>
  allFields(readHead(Buffer.from(signatures)).fields, 'DKIM-Signature').map(({ value }) => parseTagList(value))
const verify = async (message: string | Buffer) => {
  const results = await verifyDkim(Buffer.from(message), { resolver, now })
  return results.map(({ result }) => result)
}

test('each key makes one folded field, and both verify', async () => {
  const signatures = signDkim(Buffer.from(MESSAGE), keys, { now })
  expect(signatures.split('\r\n').every((line) => line.length <= 78)).toBe(true)
  const [first, second] = tagsOf(signatures)
  const shared = { v: '1', c: 'relaxed/relaxed', d: 'example.org', t: '1736121600' }
  expect(Object.fromEntries(first!)).toMatchObject({ ...shared, a: 'rsa-sha256', s: 'r' })
  expect(Object.fromEntries(second!)).toMatchObject({ ...shared, a: 'ed25519-sha256', s: 'e' })
  expect(await verify(signatures + MESSAGE)).toEqual(['pass', 'pass'])
})

test('a field is named once more than it is there, so none can be added', async () => {
  const [tags] = tagsOf(signDkim(Buffer.from(MESSAGE), keys.slice(1), { now, headers: ['To', 'CC', 'X-Other'] }))
  const names = unfold(tags!.get('h')!).replaceAll(' ', '')
  expect(names).toBe('from:from:to:to:cc:x-other:x-other')
  const signed = signDkim(Buffer.from(MESSAGE), keys, { now }) + MESSAGE
  for (const name of ['From', 'To', 'Cc', 'Subject', 'Reply-To', 'Content-Type', 'List-Unsubscribe']) {
    expect(await verify(`${name}: x\r\n${signed}`)).toEqual(['fail', 'fail'])
  }
  expect(await verify(`Received: x\r\n${signed}`)).toEqual(['pass', 'pass'])
})

test.each([
  ['a line with a bare LF', 'From: a@example.org\n\r\n'],
  ['a bare LF in the body', 'From: a@example.org\r\n\r\na\nb\r\n'],
  ['a bare CR in the body', 'From: a@example.org\r\n\r\na\rb\r\n'],
  ['no From', 'To: a@example.org\r\n\r\n'],
])('a message with %s is not signed', (_, message) => {
  expect(() => signDkim(Buffer.from(message), keys, { now })).toThrow(ParseError)
})

test('a key of another type, or a name that is none, is refused', () => {
  const sign = (change: Partial<DkimSigningKey>) =>
    signDkim(Buffer.from(MESSAGE), [{ ...keys[0]!, ...change }], { now })
  expect(() => sign({ algorithm: 'ed25519-sha256' })).toThrow(ParseError)
  expect(() => sign({ domain: 'example.org; x=1' })).toThrow(ParseError)
  expect(() => sign({ selector: '' })).toThrow(ParseError)
})

test('whatever the head and body hold, the signature verifies, also with the blanks a relay may change', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', ' ', '\t', 'ä', '\xa0', ':', ';', '\r\n ', 'word') })
  const names = fc.constantFrom('To', 'Subject', 'X-A', 'References', 'Subject ')
  const head = fc.array(fc.tuple(names, text).map(([name, value]) => `${name}:${value}.\r\n`))
  const body = fc.string({ unit: fc.constantFrom('a', ' ', '\t', 'ä', '\r\n', '.') })
  await fc.assert(
    fc.asyncProperty(head, body, async (fields, lines) => {
      const message = `From: a@example.org\r\n${fields.join('')}\r\n${lines}`
      const signed = signDkim(Buffer.from(message), keys.slice(1), { now }) + message
      expect(await verify(signed)).toEqual(['pass'])
      expect(await verify(signed.replaceAll('\t', '  '))).toEqual(['pass'])
      expect(await verify(`${signed}x`)).toEqual(['fail'])
    }),
  )
})

test('a record is cut into strings of at most 255 octets', () => {
  const strings = splitTxt(rsa.publicRecord)
  expect(strings.map(({ length }) => length)).toEqual([255, rsa.publicRecord.length - 255])
  expect(strings.join('')).toBe(rsa.publicRecord)
  expect(splitTxt('')).toEqual([''])
  expect(ed25519.publicRecord).toMatch(/^v=DKIM1; k=ed25519; p=[A-Za-z0-9+/]{43}=$/)
})
