import { expect, test } from 'vitest'
import { DnsError, type DnsErrorCode, type Resolver } from '../dns/resolver.ts'
import { ParseError } from '../parse-error.ts'
import { fetchKeyRecords, parseKeyRecord } from './key-record.ts'

test.each([
  ['p=QUJD', { keyType: 'rsa', hashes: null, services: ['*'], flags: [], publicKey: 'QUJD' }],
  ['v=DKIM1; p=', { keyType: 'rsa', hashes: null, services: ['*'], flags: [], publicKey: '' }],
  [
    'v=DKIM1; k=Ed25519; h=sha1 : SHA256; s=email:x; t=y : s; n=hello; g=*; p=QU JD ;',
    { keyType: 'ed25519', hashes: ['sha1', 'sha256'], services: ['email', 'x'], flags: ['y', 's'], publicKey: 'QUJD' },
  ],
])('%j is a key record', (text, record) => {
  expect(parseKeyRecord(text)).toEqual(record)
})

test.each([
  '',
  'v=spf1 -all',
  'v=DKIM1',
  'v=DKIM2; p=QUJD',
  'k=rsa; v=DKIM1; p=QUJD',
  'v=dkim1; p=A',
  'p=A; p=B',
  'k=rsa; t; p=A',
])('%j is not a key record', (text) => {
  expect(() => parseKeyRecord(text)).toThrow(ParseError)
})

const resolverOf = (answer: string[][] | DnsErrorCode) => {
  const asked: string[] = []
  const txt = async (name: string) => {
    asked.push(name)
    if (typeof answer === 'string') throw new DnsError(answer, name)
    return answer
  }
  return { asked, resolver: { txt } as unknown as Resolver }
}

test('the strings of a record are joined, and texts that are no key are passed over', async () => {
  const { asked, resolver } = resolverOf([['v=spf1 -all'], ['v=DKIM1; p=QU', 'JD']])
  const records = await fetchKeyRecords(resolver, 'example.org', 'sel')
  expect(records.map(({ publicKey }) => publicKey)).toEqual(['QUJD'])
  expect(asked).toEqual(['sel._domainkey.example.org'])
})

test.each<[string[][] | DnsErrorCode, string]>([
  ['nxdomain', 'permerror'],
  ['nodata', 'permerror'],
  ['timeout', 'temperror'],
  ['servfail', 'temperror'],
  [[['v=spf1 -all']], 'permerror'],
  [[], 'permerror'],
])('an answer of %j is a %s', async (answer, result) => {
  await expect(fetchKeyRecords(resolverOf(answer).resolver, 'example.org', 'sel')).rejects.toMatchObject({ result })
})
