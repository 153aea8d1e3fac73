import { expect, test } from 'vitest'
import { readHead } from '../mime/header-fields.ts'
import { canonicalField, selectFields, unsignedField } from './canonical-header.ts'

const fieldsOf = (head: string) => readHead(Buffer.from(head, 'latin1')).fields

test('the head of RFC 6376 §3.4.5 has the two forms shown there', () => {
  const fields = fieldsOf('A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n')
  expect(fields.map((field) => canonicalField(field, 'relaxed')).join('')).toBe('a:X\r\nb:Y Z\r\n')
  expect(fields.map((field) => canonicalField(field, 'simple')).join('')).toBe('A: X\r\nB : Y\t\r\n\tZ  \r\n')
})

test.each([
  ['Subject:\r\n', 'subject:\r\n'],
  ['Subject: \t \r\n', 'subject:\r\n'],
  ['Subject: a', 'subject:a\r\n'],
  ['Subject: \xa0\xe4\r\n', 'subject:\xa0\xe4\r\n'],
])('%j is relaxed to %j', (head, canonical) => {
  expect(canonicalField(fieldsOf(head)[0]!, 'relaxed')).toBe(canonical)
})

test.each([
  ['S: a=1; b=xyz\r\n zyx; c=2\r\n', 's:a=1; b=; c=2', 'S: a=1; b=; c=2'],
  ['S: bh=1;\r\n b = xyz = \r\n', 's:bh=1; b =', 'S: bh=1;\r\n b ='],
  ['S: bh=b=1\r\n', 's:bh=b=1', 'S: bh=b=1'],
  ['S: b=1;', 's:b=;', 'S: b=;'],
])('%j is signed without its signature', (head, relaxed, simple) => {
  const field = fieldsOf(head)[0]!
  expect(unsignedField(field, 'relaxed')).toBe(relaxed)
  expect(unsignedField(field, 'simple')).toBe(simple)
})

test('fields are taken from the bottom up, and a name too many stands for none', () => {
  const fields = fieldsOf('To: 1\r\nFrom: 2\r\nTo: 3\r\nX: 4\r\nSig: 5\r\nSig: 6\r\n')
  const values = (names: string[]) => selectFields(fields, names, fields[4]!).map(({ value }) => value.trim())
  expect(values(['to', 'from', 'to', 'to', 'cc', 'sig', 'sig'])).toEqual(['3', '2', '1', '6'])
})
