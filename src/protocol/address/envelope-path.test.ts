import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ParseError } from '../parse-error.ts'
import { type EnvelopePath, parseEnvelopePath } from './envelope-path.ts'

const path = (address: string, more: Partial<EnvelopePath> = {}): EnvelopePath => {
  const at = address.lastIndexOf('@')
  return { address, localPart: address.slice(0, at), domain: address.slice(at + 1), route: [], rest: '', ...more }
}

describe('paths that are read', () => {
  test.each<[text: string, result: EnvelopePath]>([
    ['<Smith@bar.com>', path('Smith@bar.com')],
    ['<userx@y.foo.org> SIZE=1000 BODY=8BITMIME', path('userx@y.foo.org', { rest: 'SIZE=1000 BODY=8BITMIME' })],
    ['<>', { address: '', localPart: '', domain: null, route: [], rest: '' }],
    ['<> RET=HDRS', { address: '', localPart: '', domain: null, route: [], rest: 'RET=HDRS' }],
    [' <a@b.c>', path('a@b.c')],
    ['< a@b.c >', path('a@b.c')],
    ['a@b.c', path('a@b.c')],
    ['a@b.c SIZE=1', path('a@b.c', { rest: 'SIZE=1' })],
    ['<@hosta.int,@jkl.org:userc@d.bar.org>', path('userc@d.bar.org', { route: ['hosta.int', 'jkl.org'] })],
    ['<Postmaster>', { address: 'Postmaster', localPart: 'Postmaster', domain: null, route: [], rest: '' }],
    ['<"Joe Blow"@b.c>', path('"Joe Blow"@b.c')],
    ['<"Joe"@b.c>', path('Joe@b.c')],
    ['<"a>b"@b.c> X=1', path('"a>b"@b.c', { rest: 'X=1' })],
    ['"a b"@b.c X=1', path('"a b"@b.c', { rest: 'X=1' })],
    ['<用户@例え.jp> SMTPUTF8', path('用户@xn--r8jz45g.jp', { rest: 'SMTPUTF8' })],
    ['<a..b.@docomo.example>', path('"a..b."@docomo.example')],
    ['<a@b.c.>', path('a@b.c')],
    ['<a@my_host.B.c.>', path('a@my_host.b.c')],
    ['<a@my_host.B.c>', path('a@my_host.b.c')],
    ['<a@[192.0.2.1]>', path('a@[192.0.2.1]')],
    ['<a@[ipv6:2001:DB8::1]>', path('a@[IPv6:2001:db8::1]')],
    ['<srs0=xx=yy=a.b=user@b.c>', path('srs0=xx=yy=a.b=user@b.c')],
    [`<${'v'.repeat(120)}@b.c>`, path(`${'v'.repeat(120)}@b.c`)],
  ])('%s', (text, result) => {
    expect(parseEnvelopePath(text)).toEqual(result)
  })
})

describe('paths that are refused', () => {
  test.each([
    '',
    ' ',
    '<',
    '>',
    '<a@b.c',
    'a@b.c>',
    '<a@b.c>SIZE=1',
    '<a@b.c>>',
    '<<a@b.c>>',
    '<a>',
    'postmaster@',
    '<@b.c>',
    '<a@>',
    '<a@b@c>',
    '<a b@c.d>',
    '<a@b.c,d@e.f>',
    '<Jane <a@b.c>>',
    '<@x,:a@b.c>',
    '<x,@y:a@b.c>',
    '<@x:>',
    '<@bad domain:a@b.c>',
    '<"a@b.c>',
    '<a@b.c\r\nRCPT TO:<x@y.z>>',
    '<a\0@b.c>',
    '<a\t@b.c>',
    '<a@[1.2.3]>',
    '<a@[999.1.1.1]>',
    '<a@[IPv6:zz]>',
    '<a@[tag:x]>',
    '<a@1.2.3.4>',
    `<${'a'.repeat(400)}@b.c>`,
  ])('%j', (text) => {
    expect(() => parseEnvelopePath(text)).toThrow(ParseError)
  })
})

test('any text is a path or a ParseError, and a path reads back as itself', () => {
  const near = fc.string({ unit: fc.constantFrom(...'ab.@<>"\\ ,:[]üé1-_\n') })
  fc.assert(
    fc.property(near, (text) => {
      let parsed: EnvelopePath
      try {
        parsed = parseEnvelopePath(text)
      } catch (error) {
        expect(error).toBeInstanceOf(ParseError)
        return
      }
      const again = parseEnvelopePath(`<${parsed.address}> ${parsed.rest}`)
      expect(again).toEqual({ ...parsed, route: [] })
    }),
    { numRuns: 20_000 },
  )
})
