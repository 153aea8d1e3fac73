import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeEncodedWords, decodeHeaderText } from './encoded-words.ts'

test.each([
  // RFC 2047 §8
  ['=?ISO-8859-1?Q?a?=', 'a'],
  ['=?ISO-8859-1?Q?a?= b', 'a b'],
  ['=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=', 'ab'],
  ['=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=', 'ab'],
  ['=?ISO-8859-1?Q?a_b?=', 'a b'],
  ['=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=', 'a b'],
  ['=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>', 'Keith Moore <moore@cs.utk.edu>'],
  [
    '=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?= =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=',
    'If you can read this you understand the example.',
  ],
  // RFC 2231 §5: a language behind the charset
  ['=?US-ASCII*EN?Q?Keith_Moore?=', 'Keith Moore'],
  // A character, a base64 group and an escape sequence cut by the fold
  ['=?utf-8?Q?J=C3?= =?utf-8?Q?=BCrgen?=', 'Jürgen'],
  ['=?utf-8?B?SsO8?= =?UTF-8?Q?rgen?=', 'Jürgen'],
  ['=?utf-8?B?SsO?= =?utf-8?B?8cmdlbg==?=', 'Jürgen'],
  ['=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=', '日本'],
  // Lenient
  ['=?utf-8?Q?two words?=', 'two words'],
  ['Re:=?utf-8?Q?a?=', 'Re:a'],
  ['=?utf-8?Q?What??=', 'What?'],
  ['=?utf-8?Q??=', ''],
  ['=?windows-1252?Q?=80?=', '€'],
  ['=?no-such-charset?Q?=C3=BC?=', 'ü'],
  ['=?cp850?Q?=81?=', 'ü'],
  // No encoded words
  ['=?utf-8?X?abc?=', '=?utf-8?X?abc?='],
  ['=?utf-8?B?a*c?=', '=?utf-8?B?a*c?='],
  ['=?utf-8?Q?unclosed', '=?utf-8?Q?unclosed'],
  ['=?utf-8?Q?unclosed =?utf-8?Q?a?=', '=?utf-8?Q?unclosed a'],
  ['a =? b', 'a =? b'],
])('%s', (text, expected) => {
  expect(decodeEncodedWords(text)).toBe(expected)
})

test('a header value is unfolded, its bare bytes are UTF-8 or windows-1252, and nothing in it can start a new line', () => {
  const latin1 = (text: string) => Buffer.from(text).toString('latin1')
  expect(decodeHeaderText(latin1(' Grüße\r\n =?utf-8?Q?=E2=82=AC?='))).toBe('Grüße €')
  expect(decodeHeaderText(' Gr\xfc\xdfe \x80')).toBe('Grüße €')
  expect(decodeHeaderText(' a\0b\rc =?utf-8?Q?=0D=0AX:_y=00?=')).toBe('abc   X: y ')
})

test('any text is read in linear time', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('=', '?', 'q', 'b', ' ', 'a', '_', '\xff') }), (text) => {
      decodeEncodedWords(text)
    }),
  )
  const start = performance.now()
  for (const piece of ['=?', '=?x?q?', '=?x?q?a', '=?x?q?a?=', '=?x?q?a ', '?='])
    decodeEncodedWords(`${piece.repeat(300_000)}?=`)
  expect(performance.now() - start).toBeLessThan(5000)
})
