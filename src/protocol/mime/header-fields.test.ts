import { expect, test } from 'vitest'
import { allFields, findField, readHead, unfold } from './header-fields.ts'

const head = (text: string) => readHead(Buffer.from(text, 'latin1'))

test('a folded field keeps its bytes, and the body begins behind the empty line', () => {
  const text = 'Subject: a\r\n  b\r\nTO : x@y\r\n\r\nbody'
  const { fields, bodyOffset, stray } = head(text)
  expect(fields.map((f) => f.raw)).toEqual(['Subject: a\r\n  b\r\n', 'TO : x@y\r\n'])
  expect(unfold(findField(fields, 'subject')!.value)).toBe('a  b')
  expect(findField(fields, 'to')!.name).toBe('TO')
  expect(text.slice(bodyOffset)).toBe('body')
  expect(stray).toBe(0)
})

test('lines that are no field are counted, not lost in the next one', () => {
  const { fields, stray } = head(' early fold\nno colon here\n: empty name\nA: 1\nA: 2')
  expect(allFields(fields, 'a').map((f) => f.value)).toEqual([' 1', ' 2'])
  expect(stray).toBe(3)
})

test('a message that ends inside its head has an empty body', () => {
  expect(head('A: 1\r\n').bodyOffset).toBe(6)
  expect(head('').bodyOffset).toBe(0)
})
