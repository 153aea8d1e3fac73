import { expect, test } from 'vitest'
import { unflow } from './format-flowed.ts'

test.each([
  ['soft \nbreak\nhard', 'soft break\nhard'],
  ['> quoted \n> text\nanswer', '> quoted text\nanswer'],
  ['> one \n>> two', '> one \n>> two'],
  [' stuffed\n >not a quote\n From here', 'stuffed\n>not a quote\nFrom here'],
  ['last \n-- \nsignature', 'last \n-- \nsignature'],
  ['ends soft ', 'ends soft '],
  ['a\n\nb', 'a\n\nb'],
])('%j becomes %j', (text, expected) => {
  expect(unflow(text, false)).toBe(expected)
})

test('DelSp drops the blank of the soft break', () => {
  expect(unflow('日 \n本', true)).toBe('日本')
})
