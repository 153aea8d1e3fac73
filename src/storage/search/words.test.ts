import fc from 'fast-check'
import { expect, test } from 'vitest'
import { queryWords, wordsOf } from './words.ts'

test.each([
  ['The Engine, weaves: patterns!', ['the', 'engine', 'weaves', 'patterns']],
  ['Größe ÄRGER café Ångström', ['große', 'arger', 'cafe', 'angstrom']],
  ['ada.lovelace+tag@example.com', ['ada', 'lovelace', 'tag', 'example', 'com']],
  ['Rechnung Nr. 2026-0042', ['rechnung', 'nr', '2026', '0042']],
  ['東京都に', ['東京', '京都', '都に']],
  ['iPhone用', ['iphone', '用']],
  ['हिन्दी', ['हिन्दी']],
  ['" OR NEAR(a b) * : \'; drop', ['or', 'near', 'a', 'b', 'drop']],
  ['', []],
  ['\0\u{1F600}!?', []],
])('%j has the words %j', (text, words) => {
  expect(wordsOf(text)).toEqual(words)
})

test('a query asks for each word once, and for not too many', () => {
  expect(queryWords('a b A')).toEqual(['a', 'b'])
  expect(queryWords(Array.from({ length: 100 }, (_, i) => `w${i}`).join(' '))).toHaveLength(32)
})

test('any text has bounded words of letters and digits only', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (text) => {
      for (const word of wordsOf(text)) {
        expect(word).toMatch(/^[\p{L}\p{N}\p{M}\uFFFD]+$/u)
        expect(word.length).toBeLessThanOrEqual(64)
      }
    }),
  )
  expect(wordsOf('x'.repeat(10_000_000))).toHaveLength(1)
  expect(wordsOf('\uFDFA'.repeat(200_000)).length).toBeLessThan(100_000)
})
