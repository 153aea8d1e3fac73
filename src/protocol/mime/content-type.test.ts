import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseContentDisposition, parseContentType } from './content-type.ts'

const read = (value: string) => {
  const { type, parameters } = parseContentType(value)
  return [type, Object.fromEntries(parameters)]
}
const latin1 = (text: string) => Buffer.from(text).toString('latin1')

test.each<[string, string, Record<string, string>]>([
  ['text/plain; charset=us-ascii (Plain text)', 'text/plain', { charset: 'us-ascii' }],
  ['Text/HTML;Charset="utf-8"', 'text/html', { charset: 'utf-8' }],
  ['multipart/mixed; boundary="gc0pJq0M:08jU534c0p "', 'multipart/mixed', { boundary: 'gc0pJq0M:08jU534c0p ' }],
  // RFC 2231 §3, §4, §4.1
  [
    'message/external-body; access-type=URL; URL*0="ftp://";\r\n URL*1="cs.utk.edu/pub/moore"',
    'message/external-body',
    { 'access-type': 'URL', url: 'ftp://cs.utk.edu/pub/moore' },
  ],
  [
    "application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
    'application/x-stuff',
    { title: 'This is ***fun***' },
  ],
  [
    "application/x-stuff; title*2=\"isn't it!\"; title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20",
    'application/x-stuff',
    { title: "This is even more ***fun*** isn't it!" },
  ],
  ["a/b; name*0*=utf-8''%C3; name*1*=%BC", 'a/b', { name: 'ü' }],
  ["a/b; name=plain; name*=iso-8859-1''%FC", 'a/b', { name: 'ü' }],
  ['a/b; name=%41', 'a/b', { name: '%41' }],
  // Broken, and common
  ['a/b; name="=?utf-8?Q?J=C3=BCrgen?="', 'a/b', { name: 'Jürgen' }],
  ['a/b; name*0="=?utf-8?Q?J=C3=BC"; name*1="rgen?="', 'a/b', { name: 'Jürgen' }],
  [latin1('a/b; name="Jürgen"'), 'a/b', { name: 'Jürgen' }],
  ['a/b; name=My Report (1).pdf; x=y', 'a/b', { name: 'My Report (1).pdf', x: 'y' }],
  ['a/b; name="C:\\temp\\new.txt"', 'a/b', { name: 'C:\\temp\\new.txt' }],
  ['a/b; name="a \\"b\\" c"', 'a/b', { name: 'a "b" c' }],
  ['a/b; name="a "b" c"; x=y', 'a/b', { name: 'a "b" c', x: 'y' }],
  ['a/b; name="open; charset=utf-8', 'a/b', { name: 'open', charset: 'utf-8' }],
  ['a/b charset=utf-8', 'a/b', { charset: 'utf-8' }],
  ['a/b;;; charset = utf-8;', 'a/b', { charset: 'utf-8' }],
  ['a/b; charset=one; charset=two', 'a/b', { charset: 'one' }],
  ['a/b; junk; charset=utf-8', 'a/b', { charset: 'utf-8' }],
  ['text', 'text/plain', {}],
  ['multipart; boundary=b', 'multipart/mixed', { boundary: 'b' }],
  ['charset=utf-8', 'text/plain', { charset: 'utf-8' }],
  ['', 'text/plain', {}],
  ['a/b; __proto__=x', 'a/b', Object.fromEntries([['__proto__', 'x']])],
])('%s', (value, type, parameters) => {
  expect(read(value)).toEqual([type, parameters])
})

test.each([
  ['attachment; filename=genome.jpeg', 'attachment', 'genome.jpeg'],
  ['INLINE', 'inline', undefined],
  ['form-data; filename="x"', 'attachment', 'x'],
  ['"attachment"; filename=x', 'attachment', 'x'],
  ['filename="x"', null, 'x'],
  ['', null, undefined],
])('disposition %s', (value, disposition, filename) => {
  const read = parseContentDisposition(value)
  expect([read.disposition, read.parameters.get('filename')]).toEqual([disposition, filename])
})

test('any value is read in linear time', () => {
  const atoms = fc.constantFrom(
    'a/b',
    ';',
    '"',
    '\\',
    '=',
    '*',
    '0',
    "'",
    '%',
    ' ',
    '(',
    ')',
    'name',
    '=?utf-8?q?',
    'é',
  )
  fc.assert(fc.property(fc.array(atoms), (parts) => void parseContentType(parts.join(''))))
  const start = performance.now()
  for (const piece of ['"', ';', ' ', '(', 'a="', ';a="b', 'a*0=b;', "a*0*='", '\\', ';a'])
    for (let i = 0; i < 50; i++) parseContentType(`a/b;${piece.repeat(20_000)}`)
  expect(performance.now() - start).toBeLessThan(5000)
})
