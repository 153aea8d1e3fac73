import { expect, test } from 'vitest'
import { checkDomainName } from './domain-name.ts'

test.each([
  ['example.com', 'example.com'],
  ['Mail.Example.COM.', 'mail.example.com'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['Straße.example', 'xn--strae-oqa.example'],
  ['agents.test', 'agents.test'],
  ['1and1.com', '1and1.com'],
  ['me.github.io', 'me.github.io'],
  ['sub.posthouse.test', 'sub.posthouse.test'],
  ['notposthouse.test', 'notposthouse.test'],
])('%j can be claimed as %j', (text, name) => {
  expect(checkDomainName(text, 'posthouse.test')).toBe(name)
})

test.each([
  '',
  '.',
  'com',
  'localhost',
  'co.uk',
  'github.io',
  'foo.ck',
  '192.0.2.1',
  '[192.0.2.1]',
  '::1',
  '[2001:db8::1]',
  '2130706433',
  '0x7f.1',
  'a.0x7f',
  'example.com..',
  '.example.com',
  'a..example.com',
  ' example.com',
  'exa mple.com',
  'example.com\n',
  'exa\u0000mple.com',
  '_dmarc.example.com',
  '-a.example.com',
  'a-.example.com',
  '*.example.com',
  'a@example.com',
  'https://example.com',
  'example.com/x',
  'example.com:25',
  `${'a'.repeat(64)}.com`,
  `${'a.'.repeat(120)}com`,
  'posthouse.example.org',
  'example.org',
  'Example.ORG.',
])('%j is nobody’s to claim', (text) => {
  expect(() => checkDomainName(text, 'posthouse.example.org')).toThrow(
    expect.objectContaining({ code: 'invalid', issues: [expect.objectContaining({ path: ['domain'] })] }),
  )
})
