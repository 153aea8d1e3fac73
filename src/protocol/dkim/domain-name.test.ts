import { expect, test } from 'vitest'
import { ParseError } from '../parse-error.ts'
import { toAsciiDomain, toAsciiName } from './domain-name.ts'

const latin1 = (text: string) => Buffer.from(text, 'utf8').toString('latin1')

test.each([
  ['Example.ORG', 'example.org'],
  ['a_b.example.org', 'a_b.example.org'],
  [latin1('BÜCHER.example'), 'xn--bcher-kva.example'],
  [latin1('例え.テスト'), 'xn--r8jz45g.xn--zckzah'],
])('%j is the domain %s', (bytes, domain) => {
  expect(toAsciiDomain(bytes)).toBe(domain)
})

test.each([
  '',
  'org',
  'example.org.',
  '.org',
  'a..b',
  '***',
  'a b.c',
  'a.b/c',
  '\xff.org',
  `${'a'.repeat(64)}.org`,
  'a.'.repeat(130),
])('%j is not a domain', (bytes) => {
  expect(() => toAsciiDomain(bytes)).toThrow(ParseError)
})

test('a selector may be one label', () => {
  expect(toAsciiName('S1')).toBe('s1')
})
