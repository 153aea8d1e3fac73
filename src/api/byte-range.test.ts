import { expect, test } from 'vitest'
import { parseRange } from './byte-range.ts'

// RFC 9110 §14.1.2 with its own examples for 10,000 bytes, then what is broken.
test.each([
  ['bytes=0-499', { first: 0, last: 499 }],
  ['bytes=500-999', { first: 500, last: 999 }],
  ['bytes=-500', { first: 9500, last: 9999 }],
  ['bytes=9500-', { first: 9500, last: 9999 }],
  ['bytes=0-0', { first: 0, last: 0 }],
  ['Bytes = 1 - 2', { first: 1, last: 2 }],
  ['bytes=0-99999', { first: 0, last: 9999 }],
  ['bytes=-99999', { first: 0, last: 9999 }],
  ['bytes=10000-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=0-0,-1', undefined],
  ['bytes=500-499', undefined],
  ['bytes=', undefined],
  ['bytes=-', undefined],
  ['lines=0-1', undefined],
  ['bytes=1-2-3', undefined],
  ['bytes=0-9999999999999999999999', undefined],
  [null, undefined],
])('%s asks for %j', (field, range) => {
  expect(parseRange(field, 10_000)).toEqual(range)
})

test('nothing of an empty file can be asked for', () => {
  expect(parseRange('bytes=0-', 0)).toBe('unsatisfiable')
  expect(parseRange('bytes=-5', 0)).toBe('unsatisfiable')
})
