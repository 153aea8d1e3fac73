import { describe, expect, test } from 'vitest'
import { encodeBase64, encodeIdentity, encodeQuotedPrintable } from './transfer-encoding.ts'

describe('quoted-printable', () => {
  test.each([
    ['', ''],
    ['a=b', 'a=3Db'],
    ['é', '=C3=A9'],
    ['a \r\nb\t', 'a=20\r\nb=09'],
    ['a b\tc', 'a b\tc'],
    [' ', '=20'],
    ['\0\x7f\x1b', '=00=7F=1B'],
    ['a\rb\nc', 'a=0Db=0Ac'],
    ['x'.repeat(76), `${'x'.repeat(75)}=\r\nx`],
    [`${'x'.repeat(75)}\r\n`, `${'x'.repeat(75)}\r\n`],
    [`${'x'.repeat(73)}é`, `${'x'.repeat(73)}=\r\n=C3=A9`],
  ])('%j', (text, encoded) => {
    expect(encodeQuotedPrintable(Buffer.from(text)).toString()).toBe(encoded)
  })
})

test.each([0, 1, 56, 57, 58, 114, 1000])('base64 of %i bytes stands in lines of 76', (size) => {
  const content = Buffer.alloc(size, 'abc')
  const lines = encodeBase64(content).toString().split('\r\n')
  expect(lines.join('')).toBe(content.toString('base64'))
  expect(lines.slice(0, -1).every((line) => line.length === 76)).toBe(true)
  expect(lines.at(-1)!.length).toBeLessThanOrEqual(76)
})

test.each<[text: string, encoding: string | undefined]>([
  ['a\nb', '7bit'],
  ['ü', '8bit'],
  ['x'.repeat(998), '7bit'],
  [`${'x'.repeat(998)}\r\n`, '7bit'],
  ['x'.repeat(999), undefined],
  ['a\0', undefined],
])('%j travels as it is, or not at all', (text, encoding) => {
  expect(encodeIdentity(Buffer.from(text))?.encoding).toBe(encoding)
})
