import { expect, test } from 'vitest'
import { parseMessageId, parseMessageIds } from './message-ids.ts'

test.each([
  ['<a@b> <c@d>', ['<a@b>', '<c@d>']],
  ['<a@b><c@d>,<e@f>', ['<a@b>', '<c@d>', '<e@f>']],
  ['Your message of "Mon" <a@b> (comment)', ['<a@b>']],
  ['<a@b <c@d>', ['<c@d>']],
  ['<long\r\n part@b>', ['<longpart@b>']],
  ['<a\tb  c@x> < d@e >', ['<a b c@x>', '<d@e>']],
  ['<a\0b@x>', ['<a b@x>']],
  ['<ü@x>', ['<ü@x>']],
  ['<> < > <a', []],
  [`<${'x'.repeat(2000)}>`, []],
])('%j', (value, ids) => {
  expect(parseMessageIds(value)).toEqual(ids)
})

test('of very many the first and the last ones stay', () => {
  const value = Array.from({ length: 5000 }, (_, i) => `<${i}@x>`).join(' ')
  expect(parseMessageIds(value, 3)).toEqual(['<0@x>', '<4998@x>', '<4999@x>'])
})

test('a Message-ID is never shown without the blanks that make it unlike another', () => {
  expect(parseMessageId('<a\tb c@x>')).toBe('<a b c@x>')
  expect(parseMessageId('\r\n <long\r\n part@b>')).toBe('<long part@b>')
  expect(parseMessageId('a b@x')).toBe(null)
  expect(parseMessageId('a\0b@x')).toBe(null)
})

test('a Message-ID without brackets gets them', () => {
  expect(parseMessageId('<a@b> <c@d>')).toBe('<a@b>')
  expect(parseMessageId(' a@b ')).toBe('<a@b>')
  expect(parseMessageId('nothing here')).toBe(null)
})
