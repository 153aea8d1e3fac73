import { expect, test } from 'vitest'
import { decodeCharset } from './charset.ts'

const decode = (latin1: string, label: string | null) => decodeCharset(Buffer.from(latin1, 'latin1'), label)

test.each([
  ['utf-8', 'gr\xc3\xbcn', 'grün'],
  ['UTF8', '\xef\xbb\xbfbom', 'bom'],
  ['iso-8859-1', '\x80', '€'],
  ['"koi8-r"', '\xd2', 'р'],
  ['gb2312', '\xd6\xd0', '中'],
  ['big5', '\xa4\xa4', '中'],
  ['ks_c_5601-1987', '\xb0\xa1', '가'],
  ['shift_jis', '\x82\xa0', 'あ'],
  ['big5', '\x92\x77', '㐵'],
  ['big5-hkscs', '\x92\x77 \xa4\xa4', '㐵 中'],
  ['iso-2022-kr', '\x1b$)C\x0e0!\x0fa\x0e0!\nb\n', '가a가\nb\n'],
  ['csISO2022KR', '\x0e0! 0!\x0f', '가 가'],
  ['hz-gb-2312', '~{<:Ky2;S{~}~~ a~\nb', '己所不欲~ ab'],
  ['hz', '~{VP\nVP ~{VP~}VP~', '中\nVP 中VP~'],
  ['iso-2022-jp', '\x1b$B$"\x1b(B', 'あ'],
  ['cp850', '\x81', 'ü'],
  ['cp437', '\xe1', 'ß'],
  ['utf-7', 'Hi Mom +Jjo-!+-', 'Hi Mom ☺!+'],
  ['unicode-1-1-utf-7', 'A+ImIDkQ.', 'A≢Α.'],
  ['utf-32le', 'a\0\0\0', 'a'],
  [null, 'gr\xc3\xbcn', 'grün'],
  [null, 'gr\xfcn', 'grün'],
  ['us-ascii', 'gr\xfcn', 'grün'],
])('%s', (label, latin1, text) => {
  expect(decode(latin1, label)).toEqual({ text })
})

test('a label nobody knows leaves UTF-8 or windows-1252, and is told', () => {
  for (const label of [
    'x-unknown',
    'hex',
    'base64',
    '__proto__',
    'constructor',
    'utf-7-imap',
    'x'.repeat(1000),
    'cp037',
    'johab',
  ]) {
    expect(decode('gr\xfcn', label)).toEqual({ text: 'grün', defect: 'unknown-charset' })
    expect(decode('gr\xc3\xbcn', label)).toEqual({ text: 'grün', defect: 'unknown-charset' })
  }
})

test('shifted charsets read any bytes in linear time', () => {
  const started = performance.now()
  for (const piece of ['~{', '~', '\x0e', '\x1b$)C', '~{VP~}', '\x0e0!\x0f', '~{\n'])
    for (const label of ['hz', 'iso-2022-kr']) decode(piece.repeat(1_000_000), label)
  expect(performance.now() - started).toBeLessThan(4000)
})

test('bytes that are not the UTF-8 they claim to be are replaced, and that is told', () => {
  expect(decode('a\xffb', 'utf-8')).toEqual({ text: 'a\ufffdb', defect: 'bad-charset-bytes' })
})
