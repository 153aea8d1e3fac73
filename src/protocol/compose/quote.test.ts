import { expect, test } from 'vitest'
import { forwardedMessage, type Original } from './quote.ts'

const original: Original = {
  from: { name: 'Roe, Jane', address: 'jane@example.com' },
  date: Date.UTC(2026, 10, 21, 9, 5),
  subject: 'Q&A <draft>',
  to: [
    { name: null, address: 'bob@example.org' },
    { name: 'Ann', address: 'ann@example.org' },
  ],
  cc: [],
  text: 'See below.',
  html: '<p>See below.</p>',
}

test('the original stands below who wrote it, when, about what and to whom', () => {
  expect(forwardedMessage(original)).toEqual({
    text: [
      '---------- Forwarded message ----------',
      'From: "Roe, Jane" <jane@example.com>',
      'Date: Sat, 21 Nov 2026 09:05:00 +0000',
      'Subject: Q&A <draft>',
      'To: bob@example.org, Ann <ann@example.org>',
      '',
      'See below.',
    ].join('\r\n'),
    html: [
      '<div>---------- Forwarded message ----------<br>',
      'From: &#34;Roe, Jane&#34; &#60;jane@example.com&#62;<br>',
      'Date: Sat, 21 Nov 2026 09:05:00 +0000<br>',
      'Subject: Q&#38;A &#60;draft&#62;<br>',
      'To: bob@example.org, Ann &#60;ann@example.org&#62;</div><br>',
      '<p>See below.</p>',
    ].join('\r\n'),
  })
})

test('each form of the original is passed on only if it is there, and an empty original still has its preamble', () => {
  expect(forwardedMessage({ ...original, html: null }).html).toBeNull()
  expect(forwardedMessage({ ...original, text: null }).text).toBeNull()
  expect(forwardedMessage({ ...original, text: null, html: null }).text).toMatch(/ann@example\.org>\r\n\r\n$/)
})

test('a subject cannot forge a line of the preamble', () => {
  const { text } = forwardedMessage({ ...original, subject: 'x\r\nTo: boss@example.com', from: null })
  expect(text?.split('\r\n').slice(1, 4)).toEqual([
    'Date: Sat, 21 Nov 2026 09:05:00 +0000',
    'Subject: x To: boss@example.com',
    'To: bob@example.org, Ann <ann@example.org>',
  ])
})
