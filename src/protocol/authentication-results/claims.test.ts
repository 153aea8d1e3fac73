import fc from 'fast-check'
import { expect, test } from 'vitest'
import { claimsAuthservId } from './claims.ts'

test.each([
  'mx.example.com; spf=pass',
  ' MX.Example.COM 1; spf=pass',
  'mx.example.com/1; spf=pass',
  'mx.example.com',
  'mx.example.com spf=pass',
  'mx.example.com.; none',
  '"mx.example.com"; none',
  '"mx.\\example.com" ; none',
  '" mx.example.com "; none',
  'm\\x.example.com; none',
  '(hello (there\\)) you)\r\n\tmx.example.com (v) 1 (w); none',
  'mx.example.com(x)1; none',
  'mx.(x)example.com 1; none',
  'mx . example . com 1; none',
  'mx"."example.com; none',
  ';; mx.example.com; spf=pass',
  '(a;b) mx.example.com; spf=pass',
  'mx.exa\u0000mple.com; none',
  'mx.exa\u00admple.com; none',
  'ｍｘ.example.com; none',
  Buffer.from('mx.exa\u200bmple.com; none').toString('latin1'),
  '(open mx.example.com; spf=pass',
  '"mx.example.com; spf=pass',
  '=?utf-8?q?mx.example.com?=; spf=pass',
  'mx.example.com: dkim=pass',
  ': mx.example.com: dkim=pass',
  'mx . example . com 1: dkim=pass',
  'mx.example.com|dkim=pass',
  '<mx.example.com> dkim=pass',
  '"mx.example.com; dkim=pass"',
  'mx.example.com；dkim=pass',
  'mx.example.com\ufe54dkim=pass',
  'mx.example.com\u037edkim=pass',
  'mx.example.com：dkim=pass',
  'mx。example．com；dkim=pass',
  Buffer.from('mx.example.com；dkim=pass').toString('latin1'),
])('%j speaks for mx.example.com', (value) => {
  expect(claimsAuthservId(value, 'mx.example.com')).toBe(true)
})

test.each([
  '',
  ';',
  'other.example.com; spf=pass',
  'example.com; none',
  'mx.example.com.evil.example; none',
  'amx.example.com; none',
  'mx.example.com1; none',
  'other.example; spf=pass smtp.mailfrom=mx.example.com',
  'other.example (mx.example.com); none',
  '(open other.example; spf=pass',
  'other.example: mx.example.com',
  'other.example；mx.example.com',
])('%j does not speak for mx.example.com', (value) => {
  expect(claimsAuthservId(value, 'mx.example.com')).toBe(false)
})

test('a name in Unicode is the same as in A-labels', () => {
  expect(claimsAuthservId('mx.BÜCHER.example; none', 'mx.xn--bcher-kva.example')).toBe(true)
  expect(claimsAuthservId('mx.xn--bcher-kva.example; none', 'mx.bücher.example')).toBe(true)
})

test('any field is answered', () => {
  const part = fc.constantFrom('(', ')', '"', '\\', ';', 'mx', '.', ' ', '\r\n ', '=?', '\u00ff')
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(part).map((parts) => parts.join('')),
  )
  fc.assert(
    fc.property(value, (text) => {
      expect(typeof claimsAuthservId(text, 'mx')).toBe('boolean')
    }),
  )
})

test('a long field is read in linear time', () => {
  const started = performance.now()
  for (const piece of ['(', ')', '"', ';', '=?', ' ', '\u3000 ', '. ', '1'])
    claimsAuthservId(`mx${piece.repeat(100_000)}x`, 'mx')
  expect(performance.now() - started).toBeLessThan(2000)
})
