import { expect, test } from 'vitest'
import { cleanFileName } from './file-name.ts'

test.each([
  ['report.pdf', 'report.pdf'],
  ['../../etc/passwd', 'passwd'],
  ['C:\\Windows\\system.ini', 'system.ini'],
  ['c:evil.txt', 'evil.txt'],
  ['a\0b\r\n.txt', 'ab.txt'],
  ['invoice\u202Efdp.exe', 'invoicefdp.exe'],
  [' Grüße €.txt ', 'Grüße €.txt'],
  ['..', null],
  ['a/', null],
  ['', null],
])('%j is shown as %j', (name, shown) => {
  expect(cleanFileName(name)).toBe(shown)
})

test('a long name loses its middle, not its extension', () => {
  const shown = cleanFileName(`${'€'.repeat(500)}.pdf`)!
  expect(shown).toBe(`${'€'.repeat(83)}.pdf`)
  expect(Buffer.byteLength(cleanFileName('x'.repeat(5000))!)).toBe(255)
})
