import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ParseError } from '../parse-error.ts'
import { isSpfRecord, parseSpfRecord } from './record.ts'

test('the version ends at a space or the end of the record, in any case of letters', () => {
  expect(['v=spf1', 'V=SPF1 -all', 'v=spf10', 'v=spf1\t-all', ' v=spf1'].map(isSpfRecord)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ])
})

test('a record is read into directives and modifiers', () => {
  expect(
    parseSpfRecord('v=spf1 a:mail.example.com/24//64  ~ip6:2001:db8::/32 redirect=_spf.%{d2} exp=e.example.com x=%{c}'),
  ).toEqual({
    directives: [
      {
        qualifier: '+',
        mechanism: { kind: 'a', target: ['mail.example.com'], prefix4: 24, prefix6: 64 },
        text: 'a:mail.example.com/24//64',
      },
      {
        qualifier: '~',
        mechanism: { kind: 'ip', network: [0x20, 1, 0x0d, 0xb8, ...new Array(12).fill(0)], prefix: 32 },
        text: '~ip6:2001:db8::/32',
      },
    ],
    redirect: ['_spf.', { letter: 'd', escaped: false, reversed: false, parts: 2, delimiters: '.' }],
    explanation: ['e.example.com'],
  })
})

test.each([
  'v=spf1 all:x',
  'v=spf1 a/33',
  'v=spf1 a/024',
  'v=spf1 a//129',
  'v=spf1 a/24/64',
  'v=spf1 a:example.com/',
  'v=spf1 ip4:1.2.3',
  'v=spf1 ip4:01.2.3.4',
  'v=spf1 ip4:1.2.3.4/',
  'v=spf1 ip6:fe80::1%eth0',
  'v=spf1 ptr:',
  'v=spf1 include',
  'v=spf1 include:com',
  'v=spf1 include:example.123',
  'v=spf1 include:example.c-',
  'v=spf1 a:%{d0}.example.com',
  'v=spf1 a:%%-',
  'v=spf1 a:%',
  'v=spf1 a:%{d',
  'v=spf1 --all',
  'v=spf1 redirect=a.example redirect=a.example',
  'v=spf1 exp=a.example EXP=a.example',
  'v=spf1 exists:%{t}.example.com',
  'v=spf1 x=%q',
  'v=spf1 a\t-all',
  'v=spf1 ä',
  `v=spf1 a:${'%{l1}'.repeat(300)}`,
  `v=spf1 ${'a '.repeat(9000)}`,
])('%s is in error', (text) => {
  expect(() => parseSpfRecord(text)).toThrow(ParseError)
})

test('any text is read or refused', () => {
  const part = fc.constantFrom(
    'a',
    'mx',
    'ip4:',
    'ip6:',
    'exp=',
    '%{',
    '}',
    '%',
    '/',
    '//',
    '1',
    '.',
    ' ',
    ':',
    'd',
    'r',
    '-all',
    '\u00e4',
    '::',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.array(part).map((parts) => parts.join('')),
      ),
      (text) => {
        try {
          parseSpfRecord(`v=spf1 ${text}`)
        } catch (error) {
          expect(error).toBeInstanceOf(ParseError)
        }
      },
    ),
  )
})
