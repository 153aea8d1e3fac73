import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeTransfer, parseTransferEncoding, type TransferEncoding } from './transfer-encoding.ts'

const decode = (text: string, encoding: TransferEncoding) =>
  decodeTransfer(Buffer.from(text, 'latin1'), encoding).bytes.toString('latin1')

test.each([
  ['aGVsbG8=', 'hello'],
  ['aGVs\r\nbG8=\r\n', 'hello'],
  ['aGVsbG8', 'hello'],
  ['a G*V s b G8=', 'hello'],
  ['aGVsbG8=\r\n-- \r\nA list footer', 'hello'],
  ['aGU=\r\nbGxv\r\n', 'hello'],
  ['=aGVsbG8=', 'hello'],
  ['', ''],
  ['a', ''],
])('base64 %j is %j', (text, expected) => {
  expect(decode(text, 'base64')).toBe(expected)
})

test.each([
  ['J=FCrgen =3D=3d', 'J\xfcrgen =='],
  ['soft =\r\nbreak', 'soft break'],
  ['soft = \t\nbreak', 'soft break'],
  ['blanks \t \r\nend  ', 'blanks\r\nend'],
  ['kept=20\r\n', 'kept \r\n'],
  ['bad =XY =4 =', 'bad =XY =4 '],
  ['bare\rreturn\n', 'bare\rreturn\n'],
])('quoted-printable %j is %j', (text, expected) => {
  expect(decode(text, 'quoted-printable')).toBe(expected)
})

test('uuencoded bytes are found behind other text', () => {
  expect(decode('Hi\nbegin 644 cat.txt\n#0V%T\n`\nend\nbye', 'x-uuencode')).toBe('Cat')
  expect(decode('no begin line', 'x-uuencode')).toBe('no begin line')
  expect(decode('begin 644 x\n#0V%T', 'x-uuencode')).toBe('Cat')
})

test('bytes without encoding come back untouched', () => {
  for (const encoding of ['7bit', '8bit', 'binary'] as const)
    expect(decode('a\r\nb\n\r\0\xff ', encoding)).toBe('a\r\nb\n\r\0\xff ')
})

test.each([
  ['BASE64', 'base64'],
  [' "quoted-printable" ', 'quoted-printable'],
  ['base64 (really)', 'base64'],
  ['8BIT;', '8bit'],
  ['', '7bit'],
  ['x-gzip64', null],
  ['constructor', null],
])('%j names %j', (value, encoding) => {
  expect(parseTransferEncoding(value)).toBe(encoding)
})

test('what was encoded comes back, and any bytes decode', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const lines = Buffer.from(bytes).toString('base64').replace(/.{4}/g, '$&\r\n')
      expect(decodeTransfer(Buffer.from(lines), 'base64')).toEqual({ bytes: Buffer.from(bytes), damaged: false })
      for (const encoding of ['base64', 'quoted-printable', 'x-uuencode'] as const)
        expect(decodeTransfer(bytes, encoding).bytes.length).toBeLessThanOrEqual(bytes.length)
    }),
  )
})
