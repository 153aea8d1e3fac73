import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { previewOf } from './preview.ts'

describe('previewOf', () => {
  it.each([
    ['Hello,\r\n\r\n  world\t! ', 'Hello, world !'],
    ['\u200b\u00ad\u034f\ufeffHi\u200c \u2060there', 'Hi there'],
    ['', null],
    [' \n\u200b', null],
    ['a'.repeat(300), 'a'.repeat(200)],
    ['😀'.repeat(300), '😀'.repeat(200)],
    [`${' '.repeat(50_000)}late`, 'late'],
    ['half \ud83d', 'half \ufffd'],
  ])('shortens %j', (text, preview) => {
    expect(previewOf(text)).toBe(preview)
  })

  it('is one well-formed line of at most 200 characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (text) => {
        const preview = previewOf(text)
        if (preview === null) return
        expect([...preview].length).toBeLessThanOrEqual(200)
        expect(preview.isWellFormed()).toBe(true)
        expect(preview).not.toMatch(/[\r\n\t]/)
        expect(preview.trim()).toBe(preview)
      }),
    )
  })
})
