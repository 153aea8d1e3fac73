import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deriveReading } from './derive.ts'

const derive = (mail: { subject?: string; text?: string; html?: string }) =>
  deriveReading({
    subject: mail.subject ?? null,
    text: mail.text ?? null,
    html: mail.html ?? null,
    senderDomain: null,
    isBulk: false,
  })

describe('deriveReading', () => {
  it('derives everything from a mail with both bodies', () => {
    const text = 'Your code is 552831.\n\nhttps://example.com/verify/1\n\nOn 5 Oct 2020, Ann wrote:\n> Old'
    const html =
      '<p>Your code is 552831.</p><a href="https://example.com/verify/1">Verify</a><blockquote type=cite>Old</blockquote>'
    expect(derive({ subject: 'Hello', text, html })).toEqual({
      extractedText: 'Your code is 552831.\n\nhttps://example.com/verify/1',
      extractedHtml: '<p>Your code is 552831.</p><a href="https://example.com/verify/1">Verify</a>',
      preview: 'Your code is 552831. https://example.com/verify/1',
      codes: [{ value: '552831', kind: 'code', confidence: 0.89 }],
      links: [{ href: 'https://example.com/verify/1', text: 'Verify', kind: 'verify', confidence: 0.97 }],
      risk: { level: 'none', findings: [] },
    })
  })

  it.each([
    { html: '<p>New</p><p>On 5 Oct 2020, Ann wrote:</p><blockquote>Old</blockquote>' },
    { text: ' \r\n', html: '<p>New</p>' },
  ])('takes the text from the HTML where there is none: %j', (mail) => {
    expect(derive(mail)).toMatchObject({ extractedText: 'New', preview: 'New' })
  })

  it.each([{}, { text: '' }, { text: ' \n\u200b', html: '<p> </p><img>' }, { subject: 'Only a subject' }])(
    'says null where there are no words: %j',
    (mail) => {
      expect(derive(mail)).toMatchObject({ extractedText: null, preview: null, codes: [], links: [] })
    },
  )

  it('finds the code of the HTML when the text has none, and never a quoted one', () => {
    expect(
      derive({ text: 'Use a reader of HTML.', html: '<p>Your code is <b>552831</b></p>' }).codes.map((c) => c.value),
    ).toEqual(['552831'])
    expect(derive({ subject: '552831 is your code' }).codes.map((c) => c.value)).toEqual(['552831'])
    expect(derive({ text: 'Thanks!\n\nOn 5 Oct 2020, Ann wrote:\n> Your code is 552831' }).codes).toEqual([])
  })

  it('finds the links of footers and quotes', () => {
    const text = 'Hello\n\n-- \nUnsubscribe: https://example.com/unsubscribe'
    expect(derive({ text })).toMatchObject({ extractedText: 'Hello', links: [{ kind: 'unsubscribe' }] })
  })

  it('never throws, and has words and a preview whenever the mail has a letter', () => {
    const text = fc.option(fc.string({ unit: 'binary' }))
    fc.assert(
      fc.property(text, text, (body, html) => {
        const reading = deriveReading({ subject: body, text: body, html, senderDomain: body, isBulk: false })
        if (body !== null && /[a-z]/i.test(body)) expect(reading.preview).not.toBeNull()
        expect(reading.extractedText === null).toBe(reading.preview === null)
      }),
      { numRuns: 300 },
    )
  })
})
