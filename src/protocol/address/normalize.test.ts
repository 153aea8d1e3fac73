import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ParseError } from '../parse-error.ts'
import { canonicalAddress, splitTag } from './normalize.ts'

describe('two spellings of one mailbox are one canonical address', () => {
  test.each([
    ['Jane.Roe@Example.COM', 'jane.roe@example.com'],
    ['"Jane"@example.com', 'jane@example.com'],
    ['"Jane Roe"@example.com', '"jane roe"@example.com'],
    ['jane@BÜCHER.example', 'jane@xn--bcher-kva.example'],
    ['JOSE\u0301@example.com', 'jos\u00e9@example.com'],
    ['a..b@example.com', '"a..b"@example.com'],
    ['"A..b"@example.com', '"a..b"@example.com'],
    ['a@example.com.', 'a@example.com'],
    ['a@my_host.example.com', 'a@my_host.example.com'],
    ['a@[IPv6:2001:DB8::1]', 'a@[IPv6:2001:db8::1]'],
  ])('%s', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical)
    expect(canonicalAddress(canonical)).toBe(canonical)
  })

  test.each(['', 'jane', 'jane@', 'a@b\n', ' a@b', 'Jane <jane@example.com>', 'a@b, c@d'])(
    '%j is no address',
    (text) => {
      expect(() => canonicalAddress(text)).toThrow(ParseError)
    },
  )

  test('the canonical form of any letter is its own canonical form', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }), (local) => {
        let once: string
        try {
          once = canonicalAddress(`${local}@example.com`)
        } catch {
          return
        }
        expect(canonicalAddress(once)).toBe(once)
      }),
      { numRuns: 5000 },
    )
  })
})

test.each([
  ['jane', 'jane', null],
  ['jane+news', 'jane', 'news'],
  ['jane+a+b', 'jane', 'a+b'],
  ['jane+', 'jane', ''],
  ['+news', '+news', null],
  ['+a+b', '+a', 'b'],
  ['"jane roe+x y"', '"jane roe"', 'x y'],
  ['"jane+x y"', 'jane', 'x y'],
  ['', '', null],
])('the local part %j is base %j and tag %j', (localPart, base, tag) => {
  expect(splitTag(localPart)).toEqual({ base, tag })
})
