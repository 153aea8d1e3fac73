import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ReadPart, readBack } from '../../../test/read-back.ts'
import { ParseError } from '../parse-error.ts'
import { composeMessage, needsSmtpUtf8 } from './compose-message.ts'
import type { Attachment, Draft } from './draft.ts'

const draft = (more: Partial<Draft> = {}): Draft => ({
  from: { name: 'Jane Roe', address: 'jane@example.com' },
  to: [{ name: null, address: 'bob@example.org' }],
  cc: [],
  replyTo: [],
  subject: 'Hello',
  date: Date.UTC(2026, 10, 21, 9, 5, 0),
  messageId: '<1@example.com>',
  headers: [],
  text: 'Hi Bob',
  html: null,
  attachments: [],
  ...more,
})

const attachment = (more: Partial<Attachment> = {}): Attachment => ({
  filename: 'a.bin',
  contentType: 'application/octet-stream',
  disposition: 'attachment',
  contentId: null,
  content: Buffer.from([0, 1, 255, 13, 10, 10]),
  ...more,
})

const compose = (more: Partial<Draft>) => composeMessage(draft(more))
const read = (more: Partial<Draft>) => readBack(compose(more))
const tree = (part: ReadPart): string =>
  part.parts.length === 0 ? part.type : `${part.type}(${part.parts.map(tree).join(' ')})`

test('the smallest message is readable as it stands', () => {
  expect(compose({}).toString()).toBe(
    [
      'From: Jane Roe <jane@example.com>',
      'To: bob@example.org',
      'Subject: Hello',
      'Date: Sat, 21 Nov 2026 09:05:00 +0000',
      'Message-ID: <1@example.com>',
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=us-ascii',
      'Content-Transfer-Encoding: 7bit',
      '',
      'Hi Bob',
      '',
    ].join('\r\n'),
  )
})

test('an address that is none without quotes gets them', () => {
  const to = ['c..d@ext.example', '"e f"@ext.example', 'g@ex_t.example.'].map((address) => ({ name: null, address }))
  expect(compose({ to }).toString()).toContain('\r\nTo: "c..d"@ext.example, "e f"@ext.example, g@ex_t.example\r\n')
})

test('every field has its place and long lists are folded', () => {
  const many = Array.from({ length: 4 }, (_, i) => ({ name: `Person ${i}`, address: `person.${i}@example.org` }))
  const message = compose({
    sender: { name: null, address: 'bot@example.com' },
    to: many,
    cc: [{ name: 'Roe, Jane', address: 'j@example.com' }],
    replyTo: [{ name: 'Jörg', address: 'joerg@bücher.example' }],
    subject: 'Grüße aus Köln',
    inReplyTo: '<0@example.org>',
    references: ['<a.long.identifier.1@example.org>', '<a.long.identifier.2@example.org>', '<0@example.org>'],
    headers: [
      { name: 'X-Campaign', value: 'spring' },
      { name: 'X-Empty', value: '' },
    ],
  })
  expect(message.toString().split('\r\nContent-Type')[0]).toBe(
    [
      'From: Jane Roe <jane@example.com>',
      'Sender: bot@example.com',
      'Reply-To: =?utf-8?Q?J=C3=B6rg?= <joerg@xn--bcher-kva.example>',
      'To: Person 0 <person.0@example.org>, Person 1 <person.1@example.org>,',
      ' Person 2 <person.2@example.org>, Person 3 <person.3@example.org>',
      'Cc: "Roe, Jane" <j@example.com>',
      'Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe_aus_K=C3=B6ln?=',
      'Date: Sat, 21 Nov 2026 09:05:00 +0000',
      'Message-ID: <1@example.com>',
      'In-Reply-To: <0@example.org>',
      'References: <a.long.identifier.1@example.org>',
      ' <a.long.identifier.2@example.org> <0@example.org>',
      'X-Campaign: spring',
      'X-Empty:',
      'MIME-Version: 1.0',
    ].join('\r\n'),
  )
})

describe('the parts stand where readers look for them', () => {
  const picture = attachment({ contentType: 'image/png', disposition: 'inline', contentId: 'pic@x', filename: 'p.png' })
  const html = '<img src="cid:pic@x">'
  test.each<[what: string, more: Partial<Draft>, tree: string]>([
    ['text only', {}, 'text/plain'],
    ['html only', { text: null, html }, 'text/html'],
    ['neither', { text: null }, 'text/plain'],
    ['both', { html }, 'multipart/alternative(text/plain text/html)'],
    ['an attachment', { attachments: [attachment()] }, 'multipart/mixed(text/plain application/octet-stream)'],
    [
      'nothing but an attachment',
      { text: null, attachments: [attachment()] },
      'multipart/mixed(text/plain application/octet-stream)',
    ],
    ['html and its picture', { text: null, html, attachments: [picture] }, 'multipart/related(text/html image/png)'],
    [
      'everything',
      { html, attachments: [attachment(), picture] },
      'multipart/mixed(multipart/alternative(text/plain multipart/related(text/html image/png)) application/octet-stream)',
    ],
    [
      'a picture that html does not name',
      { html: 'pic', attachments: [picture] },
      'multipart/mixed(multipart/alternative(text/plain text/html) image/png)',
    ],
    [
      'a named picture that is an attachment',
      { text: null, html, attachments: [{ ...picture, disposition: 'attachment' }] },
      'multipart/mixed(text/html image/png)',
    ],
    [
      'a picture named with escapes',
      { text: null, html: '<IMG SRC=CID:a%25b&amp;c>', attachments: [{ ...picture, contentId: '<a%b&c>' }] },
      'multipart/related(text/html image/png)',
    ],
  ])('%s', (_, more, expected) => {
    expect(tree(read(more))).toBe(expected)
  })

  test('related says what its root is, and the picture carries its id', () => {
    const related = read({ text: null, html, attachments: [picture] })
    expect(related.parameter('content-type', 'type')).toBe('text/html')
    expect(related.parts[1]?.header('content-id')).toBe('<pic@x>')
    expect(related.parts[1]?.header('content-disposition')).toBe('inline; filename=p.png')
  })
})

describe('a text body takes the most readable encoding that is allowed', () => {
  test.each<[what: string, text: string, charset: string, encoding: string]>([
    ['ASCII', 'Hi\nBob', 'us-ascii', '7bit'],
    ['a line of 998', 'x'.repeat(998), 'us-ascii', '7bit'],
    ['a line of 999', 'x'.repeat(999), 'us-ascii', 'quoted-printable'],
    ['a NUL', 'a\0b', 'us-ascii', 'quoted-printable'],
    ['a few umlauts', 'Schöne Grüße aus der schönen Stadt am Rhein', 'utf-8', 'quoted-printable'],
    ['another script', 'こんにちは、世界', 'utf-8', 'base64'],
  ])('%s', (_, text, charset, encoding) => {
    const part = read({ text })
    expect(part.header('content-type')).toBe(`text/plain; charset=${charset}`)
    expect(part.header('content-transfer-encoding')).toBe(encoding)
    expect(part.content.toString().trimEnd()).toBe(text.replace('\n', '\r\n'))
  })
})

describe('attachments', () => {
  test('text arrives byte for byte', () => {
    const content = Buffer.from('a\nb\rc\r\n\x00 \u00fc')
    const parts = read({ attachments: [attachment({ contentType: 'text/plain; charset=utf-8', content })] }).parts
    expect(parts[1]?.content).toEqual(content)
    expect(parts[1]?.header('content-type')).toBe('text/plain; charset=utf-8')
  })

  test.each<[content: string, encoding: string, written: string]>([
    ['Subject: x\n\nhi\n', '7bit', 'Subject: x\r\n\r\nhi\r\n'],
    ['Subject: x\r\n\r\nh\u00e4\r', '8bit', 'Subject: x\r\n\r\nh\u00e4\r\n'],
  ])('a message is never encoded, %j', (content, encoding, written) => {
    const message = compose({
      attachments: [attachment({ contentType: 'message/rfc822', content: Buffer.from(content) })],
    })
    const mixed = readBack(message)
    expect(mixed.parts[1]?.header('content-transfer-encoding')).toBe(encoding)
    expect(mixed.header('content-transfer-encoding')).toBe(encoding === '8bit' ? '8bit' : undefined)
    expect(mixed.parts[1]?.content.toString()).toBe(written)
  })

  test.each([
    ['message/rfc822', `Subject: x\r\n\r\n${'y'.repeat(999)}`],
    ['message/rfc822', 'Subject: x\r\n\r\n\0'],
    ['message/external-body; access-type=URL; URL="http://x.example/"', 'Content-Type: text/plain\r\n\r\n'],
    ['Message/Partial; id=1; number=1; total=1', 'Subject: x\r\n\r\ny'],
    ['multipart/mixed; boundary=x', '--x\r\n\r\n--x--'],
  ])('a %s that cannot travel as it is goes as plain bytes', (contentType, text) => {
    const content = Buffer.from(text)
    const part = read({ attachments: [attachment({ contentType, content, filename: 'm.eml' })] }).parts[1]
    expect(part?.header('content-type')).toBe('application/octet-stream')
    expect(part?.header('content-transfer-encoding')).toBe('base64')
    expect(part?.content).toEqual(content)
  })

  test('a filename beyond ASCII is written in RFC 2231, with a likeness for older readers', () => {
    const part = read({
      attachments: [attachment({ filename: 'Übersicht "2026".pdf', contentType: 'application/pdf; name=x' })],
    }).parts[1]
    expect(part?.header('content-disposition')).toBe("attachment; filename*=utf-8''%C3%9Cbersicht%20%222026%22.pdf")
    expect(part?.header('content-type')).toBe('application/pdf; name="Ubersicht _2026_.pdf"')
  })

  test('an attachment without a name has none', () => {
    const part = read({ attachments: [attachment({ filename: null })] }).parts[1]
    expect(part?.header('content-disposition')).toBe('attachment')
  })
})

describe('what would change or forge the message is refused', () => {
  const evil = ['a\r\nBcc: x@y.z', 'a\rb', 'a\nb', 'a\0b', '\r\n', 'a\ud800']
  const places: [string, (text: string) => Partial<Draft>][] = [
    ['subject', (subject) => ({ subject })],
    ['from name', (name) => ({ from: { name, address: 'a@b.c' } })],
    ['from address', (text) => ({ from: { name: null, address: `${text}@b.c` } })],
    ['address in quotes', (text) => ({ to: [{ name: null, address: `"${text}"@b.c` }] })],
    ['address domain', (text) => ({ cc: [{ name: null, address: `a@${text}` }] })],
    ['reply-to name', (name) => ({ replyTo: [{ name, address: 'a@b.c' }] })],
    ['sender name', (name) => ({ sender: { name, address: 'a@b.c' } })],
    ['message id', (text) => ({ messageId: `<${text}@b.c>` })],
    ['in-reply-to', (text) => ({ inReplyTo: `<${text}@b.c>` })],
    ['references', (text) => ({ references: ['<1@b.c>', `<${text}@b.c>`] })],
    ['header name', (name) => ({ headers: [{ name, value: 'x' }] })],
    ['header value', (value) => ({ headers: [{ name: 'X-A', value }] })],
    ['filename', (filename) => ({ attachments: [attachment({ filename })] })],
    ['content type', (text) => ({ attachments: [attachment({ contentType: `text/plain${text}` })] })],
    ['content type value', (text) => ({ attachments: [attachment({ contentType: `text/plain; x="${text}"` })] })],
    ['content id', (contentId) => ({ attachments: [attachment({ contentId })] })],
  ]
  for (const [place, make] of places)
    test.each(evil)(`${place} with %j`, (text) => {
      expect(() => compose(make(text))).toThrow(ParseError)
    })

  test.each<Partial<Draft>>([
    { from: { name: null, address: 'postmaster' } },
    { to: [{ name: null, address: 'a@b.c, d@e.f' }] },
    { to: [{ name: null, address: 'A <a@b.c>' }] },
    { messageId: '1@example.com' },
    { messageId: '' },
    { messageId: '<a b@example.com>' },
    { messageId: `<${'a'.repeat(1000)}@b.c>` },
    { inReplyTo: '<1@a> <2@a>' },
    { references: ['1@a'] },
    { references: ['<ü@a>'] },
    { date: Number.NaN },
    { date: 1e15 },
    { headers: [{ name: 'X A', value: '' }] },
    { headers: [{ name: 'X:A', value: '' }] },
    { headers: [{ name: '', value: '' }] },
    { headers: [{ name: 'X'.repeat(77), value: '' }] },
    { headers: [{ name: 'bcc', value: 'x@y.z' }] },
    { headers: [{ name: 'Content-Type', value: 'text/html' }] },
    { attachments: [attachment({ contentType: '' })] },
    { attachments: [attachment({ contentType: 'text' })] },
    { attachments: [attachment({ contentType: 'text/plain charset=x' })] },
    { attachments: [attachment({ contentType: 'text/plain; x="y' })] },
    { attachments: [attachment({ contentId: '' })] },
    { attachments: [attachment({ contentId: 'a b' })] },
    { attachments: [attachment({ contentId: '<a>b' })] },
  ])('%j', (more) => {
    expect(() => compose(more)).toThrow(ParseError)
  })
})

test('a boundary that stands in the content is not used', () => {
  const first = read({ html: 'x' }).parameter('content-type', 'boundary')
  const message = compose({ text: `--${first}\r\n--${first}--`, html: 'x' })
  const parsed = readBack(message)
  expect(parsed.parameter('content-type', 'boundary')).not.toBe(first)
  expect(parsed.parts[0]?.content.toString()).toBe(`--${first}\r\n--${first}--`)
})

test.each<[boolean, Partial<Draft>]>([
  [false, { to: [{ name: 'Jörg', address: 'joerg@bücher.example' }] }],
  [true, { to: [{ name: null, address: 'jörg@example.com' }] }],
  [true, { replyTo: [{ name: null, address: '"j ö"@example.com' }] }],
])('only a local part beyond ASCII asks for SMTPUTF8: %j', (needed, more) => {
  expect(needsSmtpUtf8(draft(more))).toBe(needed)
  expect(compose(more).some((byte) => byte > 127)).toBe(needed)
})

describe('any draft', () => {
  const word = fc.oneof(
    fc.string({ unit: 'grapheme-ascii' }),
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '=?utf-8?Q?x?=',
      'a  b',
      ' ',
      'x'.repeat(899),
      'x'.repeat(1200),
      '🎉'.repeat(60),
      '"',
      '\\',
      'a, b',
    ),
  )
  const line = fc.array(word, { maxLength: 6 }).map((words) => words.join(' ').replace(/[\r\n\0]/g, ''))
  const body = fc
    .array(fc.oneof(word, fc.constantFrom('\r', '\n', '\r\n', ' \r\n', '\t', '=', '.', 'x'.repeat(998))))
    .map((a) => a.join(''))
  const drafts = fc.record({
    from: fc.record({ name: fc.option(line), address: fc.constantFrom('a@b.c', '"a b"@b.c', 'ü@b.c') }),
    to: fc.array(fc.record({ name: fc.option(line), address: fc.constantFrom('a@b.c', `${'a'.repeat(60)}@b.c`) }), {
      maxLength: 8,
    }),
    subject: line,
    headers: fc.array(fc.record({ name: fc.constantFrom('X-A', 'X'.repeat(76)), value: line }), { maxLength: 1 }),
    text: fc.option(body),
    html: fc.option(body),
    attachments: fc.array(fc.record({ filename: line, content: fc.uint8Array() }).map(attachment), { maxLength: 2 }),
  })

  test('comes back as it was, in lines that every server takes', () => {
    fc.assert(
      fc.property(drafts, (more) => {
        const message = compose(more)
        expectGoodLines(message)
        const parsed = readBack(message)
        expect(parsed.header('subject')).toBe(more.subject)
        for (const { name, value } of more.headers) expect(parsed.header(name.toLowerCase())).toBe(value)
        expect(texts(parsed)).toEqual(wanted(more))
        const files = parsed.parts.filter((part) => part.header('content-disposition'))
        expect(files.map((f) => f.parameter('content-disposition', 'filename') ?? '')).toEqual(
          more.attachments.map((a) => a.filename),
        )
        expect(files.map((f) => f.content)).toEqual(more.attachments.map((a) => Buffer.from(a.content)))
      }),
      { numRuns: 300 },
    )
  })

  function expectGoodLines(message: Buffer) {
    const text = message.toString('latin1')
    const lines = text.split('\r\n')
    expect(text.endsWith('\r\n')).toBe(true)
    expect(lines.filter((l) => l.length > 998 || /[\r\n\0]/.test(l))).toEqual([])
    const head = lines.slice(0, lines.indexOf(''))
    expect(head.filter((l) => l.trim() === '')).toEqual([])
  }

  const texts = (part: ReadPart): [string, string][] => {
    if (part.header('content-disposition')) return []
    return part.parts.length > 0
      ? part.parts.flatMap(texts)
      : [[part.type, part.content.toString().replace(/\r\n$/, '')]]
  }

  const wanted = ({ text, html }: { text: string | null; html: string | null }): [string, string][] => {
    const clean = (s: string) =>
      s
        .toWellFormed()
        .replace(/\r\n?|\n/g, '\r\n')
        .replace(/\r\n$/, '')
    const plain: [string, string][] = text === null && html !== null ? [] : [['text/plain', clean(text ?? '')]]
    return html === null ? plain : [...plain, ['text/html', clean(html)]]
  }
})

test('twenty megabytes are composed without delay', () => {
  const content = Buffer.alloc(15_000_000, 'x\n')
  const started = performance.now()
  compose({
    text: 'ü x = '.repeat(500_000),
    attachments: [
      attachment({ content }),
      attachment({ contentType: 'message/rfc822', content: content.subarray(0, 5_000_000) }),
    ],
  })
  expect(performance.now() - started).toBeLessThan(10_000)
})
