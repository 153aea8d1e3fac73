import { expect, test } from 'vitest'
import { ParseError } from '../parse-error.ts'
import { isMessageId, newMessageId } from './message-id.ts'

test('a new id is unlike the last and belongs to its domain', () => {
  expect(newMessageId('Bücher.example', 'abc')).toBe('<abc@xn--bcher-kva.example>')
  expect(newMessageId('example.com')).toMatch(/^<[0-9a-f]{32}@example\.com>$/)
  expect(newMessageId('example.com')).not.toBe(newMessageId('example.com'))
})

test.each(['', 'exa mple.com', 'a>b', 'example.com\r\nX: y'])('no id is made for the domain %j', (domain) => {
  expect(() => newMessageId(domain)).toThrow(ParseError)
})

test.each([
  ['<1@example.com>', true],
  ['<no-at-sign>', true],
  ['1@example.com', false],
  ['<>', false],
  ['<1@a> ', false],
  ['<1@a>\n', false],
  ['<1 2@a>', false],
  ['<<1@a>>', false],
  ['<ü@a>', false],
  ['<1\t2@a>', false],
  ['<=?utf-8?q?1?=@a>', false],
  ['<1=?2@a>', false],
  ['<1=2?@a>', true],
])('%j may be written as an id: %j', (text, may) => {
  expect(isMessageId(text)).toBe(may)
})
