import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ParseError } from '../parse-error.ts'
import { encodeData, endOfData } from './data-encoder.ts'
import { readExtensions } from './extensions.ts'
import { messageNeeds } from './message-needs.ts'
import { ReplyReader, replyText } from './reply-reader.ts'

const read = (text: string | Buffer) => new ReplyReader().push(Buffer.from(text))

test.each([
  ['220 mx.example.com ESMTP\r\n', { code: 220, enhancedCode: null, lines: ['mx.example.com ESMTP'] }],
  ['250 2.1.5 Ok\r\n', { code: 250, enhancedCode: '2.1.5', lines: ['Ok'] }],
  [
    '550-5.1.1 No such user.\r\n550 5.1.1 Sorry\r\n',
    { code: 550, enhancedCode: '5.1.1', lines: ['No such user.', 'Sorry'] },
  ],
  ['250\n', { code: 250, enhancedCode: null, lines: [''] }],
  ['250-\r\n250 \r\n', { code: 250, enhancedCode: null, lines: ['', ''] }],
  ['450 5.7.1 The class contradicts\r\n', { code: 450, enhancedCode: null, lines: ['5.7.1 The class contradicts'] }],
  ['554 5.7.1.2 is no code\r\n', { code: 554, enhancedCode: null, lines: ['5.7.1.2 is no code'] }],
  ['550 5.1.1\r\n', { code: 550, enhancedCode: '5.1.1', lines: [''] }],
])('the reply %j is read', (text, expected) => {
  expect(read(text)).toEqual([expected])
})

test.each(['hello\r\n', '199 too low\r\n', '600 too high\r\n', '25 short\r\n', '2500 long\r\n', '\r\n'])(
  '%j is no reply',
  (text) => {
    expect(() => read(text)).toThrow(ParseError)
  },
)

test('replies without end are refused', () => {
  expect(() => read(`250 ${'x'.repeat(10_000)}`)).toThrow(ParseError)
  expect(() => read('250-x\r\n'.repeat(300))).toThrow(ParseError)
})

test('replies come out the same however the bytes are cut', () => {
  const text = Buffer.from('220 héllo\r\n250-a\r\n250-SIZE 10\r\n250 b\r\n550 5.7.1 no\r\n')
  fc.assert(
    fc.property(fc.array(fc.nat(text.length), { maxLength: 9 }), (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), text.length]
      const reader = new ReplyReader()
      expect(at.slice(1).flatMap((end, i) => reader.push(text.subarray(at[i], end)))).toEqual(read(text))
    }),
  )
})

test('any bytes are replies or a ParseError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      try {
        new ReplyReader().push(Buffer.from(bytes))
      } catch (error) {
        expect(error).toBeInstanceOf(ParseError)
      }
    }),
  )
})

test('the text of a reply is one short line', () => {
  const text = replyText({
    code: 550,
    enhancedCode: null,
    lines: ['a\u0000b\u009bc', '', `d\u2028${'e'.repeat(2000)}`],
  })
  expect(text).toBe(`a b c d ${'e'.repeat(992)}`)
})

test('extensions are read whatever their case', () => {
  const lines = [
    'mx at your service',
    'size 35882577',
    '8BITMIME',
    'StartTLS',
    'AUTH=LOGIN',
    'AUTH LOGIN PLAIN',
    'X-FOO',
  ]
  expect(readExtensions({ code: 250, enhancedCode: null, lines })).toEqual({
    startTls: true,
    pipelining: false,
    eightBitMime: true,
    smtpUtf8: false,
    maxSizeBytes: 35_882_577,
    size: true,
    auth: ['LOGIN', 'PLAIN'],
  })
})

test.each([
  ['plain text\r\n', 'plain text\r\n', '.\r\n'],
  ['no end', 'no end', '\r\n.\r\n'],
  ['.a\r\n..b\r\n.\r\n', '..a\r\n...b\r\n..\r\n', '.\r\n'],
  ['a\n.\nb\n', 'a\r\n..\r\nb\r\n', '.\r\n'],
  ['a\r.\rb\r', 'a\r\n..\r\nb\r\n', '.\r\n'],
  ['a\r\r\nb', 'a\r\n\r\nb', '\r\n.\r\n'],
  ['', '', '.\r\n'],
])('the data %j goes out as %j', (raw, wire, end) => {
  const encoded = encodeData(Buffer.from(raw))
  expect([encoded.toString(), endOfData(encoded)]).toEqual([wire, end])
})

test('no data holds a bare line end or the end of data', () => {
  const bytes = fc.array(fc.constantFrom('\r', '\n', '.', 'a'), { maxLength: 40 })
  fc.assert(
    fc.property(bytes, (chars) => {
      const encoded = encodeData(Buffer.from(chars.join('')))
      const wire = encoded.toString() + endOfData(encoded)
      expect(wire.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
      expect(`\r\n${wire}`.indexOf('\r\n.\r\n')).toBe(wire.length - 3)
    }),
  )
})

test.each([
  ['Subject: x\r\n\r\nplain\r\n', false, false],
  ['Subject: é\r\n\r\nplain\r\n', true, false],
  ['Subject: x\r\n\r\né\r\n', false, true],
  ['Subject: x\n\né', false, true],
  ['Subject: é', true, false],
  ['\r\né', false, true],
])('the needs of %j', (text, eightBitHeader, eightBitBody) => {
  expect(messageNeeds(Buffer.from(text))).toEqual({ eightBitHeader, eightBitBody })
})
