import { describe, expect, test } from 'vitest'
import { parseContentType } from './content-type.ts'
import { parameterizedWords } from './parameter.ts'

describe('a parameter takes the simplest form that holds its value', () => {
  test.each([
    ['a.txt', ['x;', 'filename=a.txt']],
    ['a b;c.txt', ['x;', 'filename="a b;c.txt"']],
    ['', ['x;', 'filename=""']],
    ['é.txt', ['x;', "filename*=utf-8''%C3%A9.txt"]],
    ['a"b.txt', ['x;', "filename*=utf-8''a%22b.txt"]],
    ["'(*)é", ['x;', "filename*=utf-8''%27%28%2A%29%C3%A9"]],
    ['=?utf-8?Q?x?=', ['x;', "filename*=utf-8''%3D%3Futf-8%3FQ%3Fx%3F%3D"]],
    [
      '🎉'.repeat(5),
      ['x;', "filename*0*=utf-8''%F0%9F%8E%89%F0%9F%8E%89%F0%9F%8E%89;", 'filename*1*=%F0%9F%8E%89%F0%9F%8E%89'],
    ],
    ['a'.repeat(70), ['x;', `filename*0*=utf-8''${'a'.repeat(45)};`, `filename*1*=${'a'.repeat(25)}`]],
  ])('%j', (value, words) => {
    expect(parameterizedWords('x', [{ name: 'filename', value }])).toEqual(words)
  })
})

describe('a content type is read as its owner wrote it', () => {
  test.each([
    ['text/plain', 'text/plain', []],
    ['Image/SVG+XML', 'image/svg+xml', []],
    ['text/plain;charset=UTF-8', 'text/plain', [['charset', 'UTF-8']]],
    [
      'text/plain ; Charset = "x y" ; ;b="\\"";',
      'text/plain',
      [
        ['charset', 'x y'],
        ['b', '"'],
      ],
    ],
  ])('%s', (text, type, parameters) => {
    expect(parseContentType(text)).toEqual({ type, parameters: parameters.map(([name, value]) => ({ name, value })) })
  })
})
