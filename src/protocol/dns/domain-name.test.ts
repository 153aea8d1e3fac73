import { expect, test } from 'vitest'
import { isQueryable, isWithin, toAsciiDomain } from './domain-name.ts'

test.each([
  ['Example.COM.', 'example.com'],
  ['_dmarc.example.com', '_dmarc.example.com'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['localhost', 'localhost'],
  ['', null],
  ['.', null],
  ['a..b', null],
  ['[192.0.2.1]', null],
  ['exa mple.com', null],
  ['ü/x.com', null],
  ['ü:25', null],
  ['a\u0000.com', null],
  [`${'a'.repeat(64)}.com`, null],
  [`${'a.'.repeat(130)}com`, null],
  ['ü'.repeat(2000), null],
])('%j is the domain %j', (text, domain) => {
  expect(toAsciiDomain(text)).toBe(domain)
})

test('a question needs labels of 1 to 63 octets', () => {
  expect(isQueryable('macro%percent  space.example.com')).toBe(true)
  expect(['', 'a..b', 'a.', `${'a'.repeat(64)}.b`, 'é.b', 'a\n.b'].some(isQueryable)).toBe(false)
})

test('a domain holds itself and what ends in it behind a dot', () => {
  expect(isWithin('a.Example.com', 'example.COM')).toBe(true)
  expect(isWithin('example.com', 'example.com')).toBe(true)
  expect(isWithin('badexample.com', 'example.com')).toBe(false)
})
