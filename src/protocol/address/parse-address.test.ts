import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ParseError } from '../parse-error.ts'
import { formatAddress } from './format-address.ts'
import { parseAddress } from './parse-address.ts'

describe('what one address may look like', () => {
  test.each<[text: string, name: string | null, address: string]>([
    ['jdoe@machine.example', null, 'jdoe@machine.example'],
    ['John Doe <jdoe@machine.example>', 'John Doe', 'jdoe@machine.example'],
    ['"Joe Q. Public" <john.q.public@example.com>', 'Joe Q. Public', 'john.q.public@example.com'],
    ['Who? <one@y.test>', 'Who?', 'one@y.test'],
    ['<boss@nil.test>', null, 'boss@nil.test'],
    ['"Giant; \\"Big\\" Box" <sysservices@example.net>', 'Giant; "Big" Box', 'sysservices@example.net'],
    ['  Jane   Roe  <jane@example.com>  ', 'Jane Roe', 'jane@example.com'],
    ['Jane<jane@example.com>', 'Jane', 'jane@example.com'],
    ['"Roe, Jane" <j@example.com>', 'Roe, Jane', 'j@example.com'],
    ['"Roe, " Jane <j@example.com>', 'Roe,  Jane', 'j@example.com'],
    ['"" <j@example.com>', null, 'j@example.com'],
    ['Jörg Müller 🎉 <joerg@example.com>', 'Jörg Müller 🎉', 'joerg@example.com'],
    ['=?utf-8?Q?J=C3=B6rg?= <j@example.com>', '=?utf-8?Q?J=C3=B6rg?=', 'j@example.com'],
    ['J.Doe@EXAMPLE.Com', null, 'J.Doe@example.com'],
    ['user+tag@sub.example.com', null, 'user+tag@sub.example.com'],
    ['admin@localhost', null, 'admin@localhost'],
    ['"john doe"@example.com', null, '"john doe"@example.com'],
    ['"john"@example.com', null, 'john@example.com'],
    ['"a@b"@example.com', null, '"a@b"@example.com'],
    ['"a\\"b\\\\"@example.com', null, '"a\\"b\\\\"@example.com'],
    ['"..\\a"@example.com', null, '"..a"@example.com'],
    ['用户@例え.jp', null, '用户@xn--r8jz45g.jp'],
    ['josé@BÜCHER.example', null, 'josé@xn--bcher-kva.example'],
    ['a@xn--bcher-KVA.example', null, 'a@xn--bcher-kva.example'],
    ['x@例え。jp', null, 'x@xn--r8jz45g.jp'],
    ['a@example.com.', null, 'a@example.com'],
    ['x@例え.jp。', null, 'x@xn--r8jz45g.jp'],
    ["!#$%&'*+-/=?^_`{|}~@example.com", null, "!#$%&'*+-/=?^_`{|}~@example.com"],
    [`${'a'.repeat(64)}@example.com`, null, `${'a'.repeat(64)}@example.com`],
  ])('%s', (text, name, address) => {
    const parsed = parseAddress(text)
    expect(parsed).toEqual({
      name,
      address,
      localPart: address.slice(0, address.lastIndexOf('@')),
      domain: address.slice(address.lastIndexOf('@') + 1),
    })
  })
})

describe('what is refused', () => {
  test.each([
    '',
    ' ',
    'jane',
    '@example.com',
    'jane@',
    '<>',
    'Jane <>',
    'a@b@example.com',
    'a@example.com, b@example.com',
    'a@example.com;b@example.com',
    'A <a@example.com>, B <b@example.com>',
    'a@example.com <b@example.com>',
    'Roe, Jane <jane@example.com>',
    'Team: a@example.com, b@example.com;',
    'Team: <a@example.com>',
    'Undisclosed recipients:;',
    '<@relay.example:a@example.com>',
    'a@example.com (Jane)',
    'Jane (work) <a@example.com>',
    'a @example.com',
    'a@ example.com',
    'a b@example.com',
    '.a@example.com',
    'a.@example.com',
    'a..b@example.com',
    'a(b)@example.com',
    '"a@example.com',
    '"a"b@example.com',
    '"a\\"@example.com',
    '"Jane <a@example.com>',
    'Jane "Roe <a@example.com>',
    'Jane <a@example.com> x',
    'Jane <a@example.com>>',
    'Jane <<a@example.com>',
    'Jane <a@example.com',
    'a@example.com>',
    'a@[1.2.3.4]',
    'a@[IPv6:::1]',
    'a@1.2.3.4',
    'a@0x7f.1',
    'a@１.２.３.４',
    'a@example..com',
    'a@.example.com',
    'a@example.com..',
    'a@.',
    'a@1.2.3.4.',
    'a@-example.com',
    'a@example-.com',
    'a@exam_ple.com',
    'a@exa%6dple.com',
    'a@bü%63her.example',
    'a@bücher.example/x',
    'a@bücher.example:25',
    'a@exam ple.com',
    'a@example.com/x',
    `a@${'x'.repeat(64)}.com`,
    `a@${'ü'.repeat(60)}.com`,
    `${'a'.repeat(65)}@example.com`,
    `${'ü'.repeat(33)}@example.com`,
    `a@${'x.'.repeat(126)}xx`,
    'a@example.com\r\nBcc: b@example.com',
    'Jane\r\nBcc: b@example.com <a@example.com>',
    '"Jane\n" <a@example.com>',
    '"Jane\0" <a@example.com>',
    'Jane\t<a@example.com>',
    'a\0@example.com',
    '"a\r\nb"@example.com',
    'a\u0085@example.com',
    'a\u200b@example.com',
    'a\u00a0b@example.com',
    '\u202ea@example.com',
    'a\ud800@example.com',
    'Jane \udc00 <a@example.com>',
    '*@',
    'mailto:a@example.com',
  ])('%j', (text) => {
    expect(() => parseAddress(text)).toThrow(ParseError)
  })
})

test('any display name comes back from its display form', () => {
  const name = fc.string({ unit: 'grapheme' }).filter((s) => s.trim() !== '' && !/\p{Cc}/u.test(s))
  fc.assert(
    fc.property(name, (name) => {
      const { name: back } = parseAddress(formatAddress({ name, address: 'a@example.com' }))
      expect(back).toBe(name)
    }),
    { examples: [['\u00a0Jane'], ['Jane\u2028'], ['a\\'], ['"']] },
  )
})

test('an address parsed is an address that parses to itself', () => {
  const near = fc.string({ unit: fc.constantFrom(...'ab.@<>"\\ ,:;()[]Üé用1-_+\u200d\u00ad\ud800\n') })
  fc.assert(
    fc.property(near, (text) => {
      const parsed = parseOrNull(text)
      if (parsed) expect(parseAddress(formatAddress(parsed))).toEqual(parsed)
    }),
    { numRuns: 20_000, examples: [['a@b'], ['"a b"@ü']] },
  )
})

test('ten megabytes of short words are a name like any other', () => {
  const name = 'a '.repeat(5_000_000).trim()
  expect(parseAddress(formatAddress({ name, address: 'a@example.com' })).name).toBe(name)
})

test('a long text of one kind is read or refused at once', () => {
  for (const c of ['a', '"', '\\', '<', '>', '@', '.', ' ', 'ü', '"a" ', 'a ', 'a.']) {
    const long = c.repeat(500_000 / c.length)
    for (const text of [long, `${long}<a@example.com>`, `${long}@example.com`, `"${long}" <a@b.c>`, `a@${long}`]) {
      const parsed = parseOrNull(text)
      if (parsed) formatAddress(parsed)
    }
  }
})

function parseOrNull(text: string) {
  try {
    return parseAddress(text)
  } catch (error) {
    expect(error).toBeInstanceOf(ParseError)
    return null
  }
}
