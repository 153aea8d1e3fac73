import fc from 'fast-check'
import { expect, test } from 'vitest'
import { claimsAuthservId } from './claims.ts'
import { renderAuthenticationResults } from './render.ts'

test('each method stands on a line of its own', () => {
  const value = renderAuthenticationResults('mx.example.net', [
    {
      method: 'spf',
      result: 'pass',
      properties: { 'smtp.mailfrom': 'bounce+a=b@example.com', 'smtp.remote-ip': '192.0.2.1' },
    },
    {
      method: 'dkim',
      result: 'fail',
      reason: 'body hash "differs"',
      properties: { 'header.d': 'example.com', 'header.s': 's1' },
    },
    { method: 'dmarc', result: 'pass', properties: { 'header.from': 'example.com' } },
  ])
  expect(value.split('\r\n')).toEqual([
    'mx.example.net;',
    '\tspf=pass smtp.mailfrom=bounce+a=b@example.com smtp.remote-ip=192.0.2.1;',
    '\tdkim=fail reason="body hash \\"differs\\"" header.d=example.com header.s=s1;',
    '\tdmarc=pass header.from=example.com',
  ])
})

test('without any result the field says none', () => {
  expect(renderAuthenticationResults('mx.example.net', [])).toBe('mx.example.net;\r\n\tnone')
})

test.each([
  ['a@b.example', 'a@b.example'],
  ['@b.example', '@b.example'],
  ['x; dkim=pass', '"x; dkim=pass"'],
  ['"a b"@example.com', '"\\"a b\\"@example.com"'],
  ['2001:db8::1', '"2001:db8::1"'],
  ['a\r\nBcc: x', '"a??Bcc: x"'],
  ['jürgen@example.com', '"jürgen@example.com"'],
  ['用户@example.com', '"用户@example.com"'],
  ['\u010a', '"\u010a"'],
  ['a\u202eb\u0085\u2028\u00a0c\ud800', '"a?b???c?"'],
  ['x＂； dkim=pass', '"x?? dkim=pass"'],
  ['', '""'],
  ['(x)', '"(x)"'],
  ['a@b@c', '"a@b@c"'],
])('the value %j is written %s', (value, written) => {
  const field = renderAuthenticationResults('mx', [
    { method: 'spf', result: 'none', properties: { 'smtp.mailfrom': value } },
  ])
  expect(field).toBe(`mx;\r\n\tspf=none smtp.mailfrom=${written}`)
})

test('no value breaks out of its place', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('"', '\\', ';', '=', ' ', '(', ')', '\r', '\n', 'a', '@', '.') }),
  )
  fc.assert(
    fc.property(text, text, text, (id, reason, value) => {
      const field = renderAuthenticationResults(id, [
        { method: 'spf', result: 'fail', reason, properties: { 'smtp.mailfrom': value } },
      ])
      expect(field).toMatch(/^(?:[\r\n\t]|[^\p{C}\u2028\u2029])*$/u)
      const lines = field.split('\r\n\t')
      expect(lines.every((line) => !/[\r\n\t]/.test(line) && Buffer.byteLength(line) < 998)).toBe(true)
      const bare = lines
        .join(' ')
        .normalize('NFKC')
        .replace(/"(?:[^"\\]|\\.)*"/g, 'Q')
      expect(bare).not.toMatch(/["()\\]/)
      expect(bare.split(';')).toHaveLength(2)
      expect(bare.split(';')[1]).toMatch(/^ spf=fail reason=Q smtp\.mailfrom=\S+$/)
    }),
  )
})

test('our own field is known as ours', () => {
  fc.assert(
    fc.property(fc.domain(), (id) =>
      claimsAuthservId(renderAuthenticationResults(id, [{ method: 'spf', result: 'pass' }]), id),
    ),
  )
})
