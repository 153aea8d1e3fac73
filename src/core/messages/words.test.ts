import fc from 'fast-check'
import { expect, test } from 'vitest'
import { packWords, unpackWords } from './words.ts'

test('words come out as they were put in, the same twice or not', () => {
  const some = fc.option(fc.constantFrom('', 'a', 'Grüße', '\0', '\ud800', 'x'.repeat(100_000)))
  const words = fc.record({ text: some, html: some, extractedText: some, extractedHtml: some })
  fc.assert(fc.property(words, (all) => void expect(unpackWords(packWords(all))).toEqual(all)))
})
