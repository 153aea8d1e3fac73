import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ParseError } from '../parse-error.ts'
import { isNamed, parseStsPolicy, readStsId } from './policy.ts'

// RFC 8461 appendix A.1
const example =
  'version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: *.example.net\nmx: backupmx.example.com\nmax_age: 604800\n'

test("the standard's policy is read, with either line end", () => {
  const expected = {
    mode: 'enforce',
    mx: ['mail.example.com', '*.example.net', 'backupmx.example.com'],
    maxAgeSeconds: 604_800,
  }
  expect(parseStsPolicy(example)).toEqual(expected)
  expect(parseStsPolicy(example.replaceAll('\n', '\r\n'))).toEqual(expected)
})

test.each([
  ['mode: none\nversion: STSv1\nmax_age: 99999999999', null],
  ['version: STSv1\nmode: none\nmax_age: 9999999999', { mode: 'none', mx: [], maxAgeSeconds: 31_557_600 }],
  [
    'version:STSv1\nmode:testing\nmx:MX.Example.COM\nmax_age:86400\nfuture: x',
    { mode: 'testing', mx: ['mx.example.com'], maxAgeSeconds: 86_400 },
  ],
  ['version: STSv1\nmode: enforce\nmax_age: 86400', null],
  ['version: STSv2\nmode: enforce\nmx: a.b\nmax_age: 86400', null],
  ['version: STSv1\nmode: maybe\nmx: a.b\nmax_age: 86400', null],
  ['version: STSv1\nmode: enforce\nmx: a.*.b\nmax_age: 86400', null],
  ['version: STSv1\nmode: enforce\nmx: a.b\nmax_age: -1', null],
  ['<html>not found</html>', null],
  ['', null],
])('the policy %j', (text, expected) => {
  if (expected) expect(parseStsPolicy(text)).toEqual(expected)
  else expect(() => parseStsPolicy(text)).toThrow(ParseError)
})

test.each([
  [['v=STSv1; id=20160831085700Z;'], '20160831085700Z'],
  [['v=spf1 -all', 'v=STSv1;id=1'], '1'],
  [['v=STSv1; id=1', 'v=STSv1; id=2'], null],
  [['v=STSv1; id=not-alnum'], null],
  [[`v=STSv1; id=${'1'.repeat(33)}`], null],
  [['v=STSv1'], null],
  [['v=STSv10; id=1'], null],
  [[], null],
])('the id of %j', (records, expected) => {
  expect(readStsId(records)).toBe(expected)
})

test.each([
  ['mail.example.com', true],
  ['MAIL.example.com', true],
  ['a.example.net', true],
  ['a.b.example.net', false],
  ['example.net', false],
  ['net', false],
  ['evil.com', false],
])('whether the policy names %s', (host, expected) => {
  expect(isNamed(parseStsPolicy(example), host)).toBe(expected)
})

test('any text is a policy or a ParseError', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        parseStsPolicy(text)
      } catch (error) {
        expect(error).toBeInstanceOf(ParseError)
      }
    }),
  )
})
