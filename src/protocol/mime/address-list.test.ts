import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseAddressList } from './address-list.ts'

const read = (value: string) => parseAddressList(value).mailboxes.map((m) => [m.name, m.address])

test.each<[string, (string | null)[][]]>([
  // RFC 5322 appendix A
  ['John Doe <jdoe@machine.example>', [['John Doe', 'jdoe@machine.example']]],
  ['"Joe Q. Public" <john.q.public@example.com>', [['Joe Q. Public', 'john.q.public@example.com']]],
  [
    'Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>',
    [
      ['Mary Smith', 'mary@x.test'],
      [null, 'jdoe@example.org'],
      ['Who?', 'one@y.test'],
    ],
  ],
  [
    '<boss@nil.test>, "Giant; \\"Big\\" Box" <sysservices@example.net>',
    [
      [null, 'boss@nil.test'],
      ['Giant; "Big" Box', 'sysservices@example.net'],
    ],
  ],
  [
    'A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;',
    [
      ['Ed Jones', 'c@a.test'],
      [null, 'joe@where.test'],
      ['John', 'jdoe@one.test'],
    ],
  ],
  ['Undisclosed recipients:;', []],
  ['Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>', [['Pete', 'pete@silly.test']]],
  ['(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;', []],
  ['Joe Q. Public <john.q.public@example.com>', [['Joe Q. Public', 'john.q.public@example.com']]],
  [
    'Mary Smith <@node.test,@x.test:mary@example.net>, , jdoe@test   . example',
    [
      ['Mary Smith', 'mary@example.net'],
      [null, 'jdoe@test.example'],
    ],
  ],
  // What mails really contain
  ['jdoe@example.org (John Doe)', [['John Doe', 'jdoe@example.org']]],
  ['"a b"@example.org', [[null, '"a b"@example.org']]],
  ['a @ example.org', [[null, 'a@example.org']]],
  [
    'Doe, John <john@x.test>',
    [
      [null, 'Doe'],
      ['John', 'john@x.test'],
    ],
  ],
  [
    '"Doe, John <john@x.test>',
    [
      [null, 'Doe'],
      ['John', 'john@x.test'],
    ],
  ],
  ['<John Doe>', [['John Doe', '']]],
  ['<ceo john@bank.test>', [['ceo john@bank.test', '']]],
  ['<bad bad@x.test>', [['bad bad@x.test', '']]],
  ['<bad\tbad@x.test>', [['bad bad@x.test', '']]],
  ['<bad\0bad@x.test>', [['bad bad@x.test', '']]],
  ['<a@x.test evil>', [['a@x.test evil', '']]],
  ['Ann <bad(x)bad@x.test>', [['Ann', '']]],
  ['Ann < a . b @ x . test >', [['Ann', 'a.b@x.test']]],
  [
    'a@x.test; b@y.test',
    [
      [null, 'a@x.test'],
      [null, 'b@y.test'],
    ],
  ],
  [
    'a@x.test b@y.test',
    [
      [null, 'a@x.test'],
      [null, 'b@y.test'],
    ],
  ],
  [
    'A <a@x.test> B <b@y.test>',
    [
      ['A', 'a@x.test'],
      ['B', 'b@y.test'],
    ],
  ],
  ['A <a@x.test> junk', [['A', 'a@x.test']]],
  [
    'A <a@x.test, b@y.test',
    [
      ['A', 'a@x.test'],
      [null, 'b@y.test'],
    ],
  ],
  ['a@x.test <a@x.test>', [['a@x.test', 'a@x.test']]],
  ['a@x.test <>', [[null, 'a@x.test']]],
  ['<>', []],
  ['Nobody Here', [['Nobody Here', '']]],
  ['MAILER-DAEMON', [[null, 'MAILER-DAEMON']]],
  ['Mail System <MAILER-DAEMON>', [['Mail System', 'MAILER-DAEMON']]],
  ['<mailto:a@x.test>', [[null, 'a@x.test']]],
  ['Unclosed (comment <a@x.test>', [['Unclosed (comment', 'a@x.test']]],
  ['Jörg <jörg@bücher.test>', [['Jörg', 'jörg@bücher.test']]],
  ['=?utf-8?Q?Doe,_J=C3=B6rg?= <j@x.test>', [['Doe, Jörg', 'j@x.test']]],
  ['"=?utf-8?Q?J=C3=B6rg?=" <j@x.test>', [['Jörg', 'j@x.test']]],
  ['=?utf-8?Q?Boss_=3Cboss=40corp.test=3E,?= <evil@x.test>', [['Boss <boss@corp.test>,', 'evil@x.test']]],
  ['', []],
  [' , ;:', []],
])('%s', (value, expected) => {
  expect(read(value)).toEqual(expected)
})

test('of too many addresses the first are kept, and one is told so', () => {
  const value = 'a@x.test, '.repeat(20_000)
  expect(parseAddressList(value, 100)).toMatchObject({ truncated: true, mailboxes: { length: 100 } })
  expect(parseAddressList('a@x.test', 1).truncated).toBe(false)
})

test('any text is read in linear time', () => {
  const atoms = fc.constantFrom('"', '(', ')', '<', '>', ',', ';', ':', '@', '\\', ' ', '=?', 'a', '=?utf-8?q?', '?=')
  fc.assert(
    fc.property(fc.array(atoms, { maxLength: 40 }), (parts) => {
      expect(parseAddressList(parts.join('')).mailboxes.length).toBeLessThanOrEqual(40)
    }),
  )
  const start = performance.now()
  for (const piece of ['"', '(', '<', '\\', '<"', '("', '=?x?q?', '@', ':', '<"\\",', '"<(', '" <', 'a@b <'])
    parseAddressList(piece.repeat(200_000))
  expect(performance.now() - start).toBeLessThan(5000)
})
