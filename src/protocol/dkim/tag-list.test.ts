import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ParseError } from '../parse-error.ts'
import { parseTagList, readBase64, readColonList, readNumber, trimBlanks } from './tag-list.ts'

test.each([
  ['a=1; b=2', { a: '1', b: '2' }],
  [' a \r\n = \t1 2 ;\r\n b=2 ; ', { a: '1 2', b: '2' }],
  ['p=', { p: '' }],
  ['n=a=b', { n: 'a=b' }],
  ['A=1;a=2', { A: '1', a: '2' }],
  ['i=\xc3\xa0', { i: '\xc3\xa0' }],
])('%j is a tag list', (text, tags) => {
  expect(Object.fromEntries(parseTagList(text))).toEqual(tags)
})

test.each([
  '',
  ' ',
  ';',
  'a',
  'a=1;;b=2',
  'a=1;a=2',
  '=1',
  '1a=1',
  'a b=1',
  'a-b=1',
  'a=\0',
  `a=${'1'.repeat(70_000)}`,
])('%j is not a tag list', (text) => {
  expect(() => parseTagList(text)).toThrow(ParseError)
})

test('any text is a tag list or a ParseError', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab=; \t\r\n:\xa0\0') }), (text) => {
      try {
        for (const [name, value] of parseTagList(text)) expect(`${name}${value}`).toBe(trimBlanks(`${name}${value}`))
      } catch (error) {
        expect(error).toBeInstanceOf(ParseError)
      }
    }),
  )
})

test('values are read as numbers, base64 and lists only when they are ones', () => {
  const tags = parseTagList('t=12; x=1 2; e=; b=QU\r\n JD; c=*; h=From : to\r\n :; w= a')
  expect(readNumber(tags, 't', 12)).toBe(12)
  expect(readNumber(tags, 'z', 12)).toBeUndefined()
  expect(() => readNumber(tags, 't', 1)).toThrow(ParseError)
  expect(() => readNumber(tags, 'x', 12)).toThrow(ParseError)
  expect(() => readNumber(tags, 'e', 12)).toThrow(ParseError)
  expect(readBase64(tags, 'b').toString()).toBe('ABC')
  expect(() => readBase64(tags, 'c')).toThrow(ParseError)
  expect(() => readBase64(tags, 'e')).toThrow(ParseError)
  expect(readColonList(tags.get('h')!)).toEqual(['from', 'to'])
})
