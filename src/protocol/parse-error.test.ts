import { expect, test } from 'vitest'
import { ParseError } from './parse-error.ts'

test('a parse error is told apart from a bug by its class', () => {
  expect(new ParseError('no "@"')).toBeInstanceOf(ParseError)
})
