import { describe, expect, test } from 'vitest'
import { foldField } from './fold.ts'
import { mailboxListWords, unstructuredWords } from './header-words.ts'

describe('unstructured text is encoded only where it must be', () => {
  test.each([
    ['Hello there', 'S: Hello there'],
    ['a  b   c', 'S: a  b   c'],
    ['Re: Café tomorrow', 'S: Re: =?utf-8?Q?Caf=C3=A9?= tomorrow'],
    ['é and é here', 'S: =?utf-8?Q?=C3=A9_and_=C3=A9?= here'],
    ['é  b', 'S: =?utf-8?Q?=C3=A9__b?='],
    ['a  é', 'S: a =?utf-8?B?IMOp?='],
    [' a ', 'S: =?utf-8?Q?_a_?='],
    ['   ', 'S: =?utf-8?Q?___?='],
    ['a\tb', 'S: =?utf-8?Q?a=09b?='],
    ['see =?x?= now', 'S: see =?utf-8?B?PT94Pz0=?= now'],
    ['', 'S:'],
    ['🎉🎉🎉', 'S: =?utf-8?B?8J+OifCfjonwn46J?='],
    ['日本語の件名です', 'S: =?utf-8?B?5pel5pys6Kqe44Gu5Lu25ZCN44Gn44GZ?='],
  ])('%j', (text, field) => {
    expect(foldField('S', unstructuredWords('S', text))).toBe(`${field}\r\n`)
  })

  test('a token of 900 stays, a longer one is encoded', () => {
    expect(unstructuredWords('S', 'x'.repeat(900))).toEqual(['x'.repeat(900)])
    expect(unstructuredWords('S', 'x'.repeat(901))[0]).toMatch(/^=\?utf-8\?Q\?x+\?=$/)
  })

  test('an encoded-word leaves room for the name of its field', () => {
    const field = foldField('X-Rather-Long-Name', unstructuredWords('X-Rather-Long-Name', 'ü'.repeat(60)))
    expect(field.split('\r\n').map((line) => line.length)).toEqual([76, 65, 65, 29, 0])
  })
})

describe('display names', () => {
  test.each([
    [null, 'a@b.c'],
    ['Jane Roe', 'Jane Roe <a@b.c>'],
    ['Roe, Jane', '"Roe, Jane" <a@b.c>'],
    ['J. "JR" \\', '"J. \\"JR\\" \\\\" <a@b.c>'],
    ['Jörg', '=?utf-8?Q?J=C3=B6rg?= <a@b.c>'],
    ['Jörg (Köln), "J"', '=?utf-8?Q?J=C3=B6rg_=28K=C3=B6ln=29=2C_=22J=22?= <a@b.c>'],
    ['=?utf-8?Q?x?=', '=?utf-8?Q?=3D=3Futf-8=3FQ=3Fx=3F=3D?= <a@b.c>'],
    ['a  b', '=?utf-8?Q?a__b?= <a@b.c>'],
    ['a\tb', '=?utf-8?Q?a=09b?= <a@b.c>'],
  ])('%j', (name, written) => {
    expect(mailboxListWords('To', [{ name, address: 'a@b.c' }]).join(' ')).toBe(written)
  })

  test('addresses are written in their canonical quoting and with an ASCII domain', () => {
    const words = mailboxListWords(
      'To',
      ['"jane"@Ü.example', '"a b"@b.c', 'jörg@b.c'].map((address) => ({ name: null, address })),
    )
    expect(words).toEqual(['jane@xn--tda.example,', '"a b"@b.c,', 'jörg@b.c'])
  })
})
