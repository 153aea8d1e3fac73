import { expect, test } from 'vitest'
import { formatAddress } from './format-address.ts'

test.each<[name: string | null, shown: string]>([
  [null, 'a@b.c'],
  ['', 'a@b.c'],
  [' ', 'a@b.c'],
  ['Jane Roe', 'Jane Roe <a@b.c>'],
  ['Jörg 🎉', 'Jörg 🎉 <a@b.c>'],
  ['Roe, Jane', '"Roe, Jane" <a@b.c>'],
  ['John Q. Public', '"John Q. Public" <a@b.c>'],
  ['Jane "JR" Roe \\', '"Jane \\"JR\\" Roe \\\\" <a@b.c>'],
  ['jane@b.c', '"jane@b.c" <a@b.c>'],
  ['Jane  Roe', '"Jane  Roe" <a@b.c>'],
  [' Jane', '" Jane" <a@b.c>'],
  ['Jane\r\nBcc: x@y.z', '"Jane  Bcc: x@y.z" <a@b.c>'],
])('the name %j is shown as it can be read back', (name, shown) => {
  expect(formatAddress({ name, address: 'a@b.c' })).toBe(shown)
})
