import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fakeResolver } from '../../../test/fakes/dns-zone.ts'
import { judgeDestination, parseDestination } from './destination.ts'
import { AddressPolicy, isPublicAddress } from './public-address.ts'

test.each([
  '1.1.1.1',
  '100.63.255.254',
  '172.32.0.1',
  '192.0.1.1',
  '223.255.255.255',
  '2001:4860:4860::8888',
  '2606:2800:220:1:248:1893:25c8:1946',
  '::ffff:1.1.1.1',
  '64:ff9b::1.1.1.1',
  '2002:101:101::1',
  '2a00:1450::5efe:101:101',
])('%s is public', (address) => {
  expect(isPublicAddress(address)).toBe(true)
})

test.each([
  ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '169.254.169.254', '172.16.0.1', '192.0.0.1', '192.0.2.1'],
  ...[
    '192.88.99.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
  ],
  ...[
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:10.0.0.1',
    '::ffff:0:10.0.0.1',
    '64:ff9b::a00:1',
    '64:ff9b:1::1.1.1.1',
    '100::1',
  ],
  ...[
    '2001::1',
    '2001:0:4136:e378:8000:63bf:3fff:fdd2',
    '2001:10::1',
    '2001:20::1',
    '2001:db8::1',
    '2002:a00:1::1',
    '3fff::1',
  ],
  ...[
    '2a00:1450::5efe:a00:1',
    '2a00:1450::200:5efe:7f00:1',
    'fc00::1',
    'fd12::1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
  ],
  ...['5f00::1', '4000::1', 'not an address', '', '1.1.1.1.1', '0x7f.1x'],
])('%j is not', (address) => {
  expect(isPublicAddress(address)).toBe(false)
})

test('what the operator opened is allowed, in any spelling, and nothing beside it', () => {
  const policy = new AddressPolicy(['127.0.0.0/8', 'fd00::/8'])
  expect(
    ['127.0.0.1', '::ffff:127.9.9.9', 'fd12::1', '10.0.0.1', '::1', '1.1.1.1'].map((a) => policy.judge(a)),
  ).toEqual(['allowed', 'allowed', 'allowed', 'blocked', 'blocked', 'public'])
})

interface Case {
  url: string
  verdict: 'refuse' | 'allow' | 'either'
}

test('the public collection of tricky URLs is judged rightly', async () => {
  const path = join(import.meta.dirname, '../../../../shared/corpora/ssrf/urls.json')
  const cases = JSON.parse(readFileSync(path, 'utf8')) as Case[]
  const options = { resolver: fakeResolver({}), policy: new AddressPolicy([]) }
  const wrong: string[] = []
  for (const { url, verdict } of cases) {
    const seen = await Promise.resolve()
      .then(() => judgeDestination(parseDestination(url), options))
      .then(
        () => 'allow',
        () => 'refuse',
      )
    if (verdict !== 'either' && seen !== verdict) wrong.push(`${url}: ${seen}`)
  }
  console.log(`ssrf: ${cases.length - wrong.length} of ${cases.length}`)
  expect(wrong).toEqual([])
})
