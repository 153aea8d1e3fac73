import { expect, test } from 'vitest'
import { dottedAddress, formatAddress, inNetwork, parseClientAddress, parseIpv4, parseIpv6 } from './ip-address.ts'

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:c000:201', '192.0.2.1'],
  ['CAFE:BABE:0:0:0:0:0:1', 'cafe:babe::1'],
  ['::', '::'],
  ['2001:db8::', '2001:db8::'],
  ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ['1:2:3:4:5:6:0:8', '1:2:3:4:5:6:0:8'],
  ['fe80::1%eth0', 'fe80::1'],
  ['::1.2.3.4', '::102:304'],
])('the client %s is %s', (text, written) => {
  const address = parseClientAddress(text)
  expect(address && formatAddress(address)).toBe(written)
})

test.each(['', '1.2.3', '1.2.3.04', '[1.2.3.4]', '0x1.2.3.4', ':::', '1:2', 'localhost'])(
  '%s is no address',
  (text) => {
    expect(parseClientAddress(text)).toBeNull()
  },
)

test('a network holds the addresses that share its first bits', () => {
  const held = (address: string, network: string, prefix: number) => {
    const parse = (text: string) => parseIpv4(text) ?? parseIpv6(text) ?? []
    return inNetwork(parse(address), parse(network), prefix)
  }
  expect(held('192.0.2.200', '192.0.2.129', 25)).toBe(true)
  expect(held('192.0.2.100', '192.0.2.129', 25)).toBe(false)
  expect(held('8.8.8.8', '192.0.2.129', 0)).toBe(true)
  expect(held('2001:db8:8000::', '2001:db8:ffff::', 33)).toBe(true)
  expect(held('2001:db8:7fff::', '2001:db8:ffff::', 33)).toBe(false)
  expect(held('::1', '0.0.0.0', 0)).toBe(false)
})

test('an IPv6 address is dotted by its nibbles', () => {
  const address = parseIpv6('2001:db8::cb01') ?? []
  expect(dottedAddress(address)).toBe('2.0.0.1.0.D.B.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.C.B.0.1')
})
