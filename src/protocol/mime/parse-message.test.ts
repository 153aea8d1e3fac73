import { hash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodePart } from './decode-part.ts'
import { type ParsedMessage, parseMessage } from './parse-message.ts'

const bytes = (text: string) => Buffer.from(text.replace(/\r?\n/g, '\r\n'))
const parse = (text: string) => parseMessage(bytes(text))
const codes = ({ defects }: ParsedMessage) => defects.map((d) => d.code)
const multipart = (type: string, ...parts: string[]) =>
  `Content-Type: multipart/${type}; boundary=b\n\n${parts.map((p) => `--b\n${p}\n`).join('')}--b--\n`
const plain = (text: string) => `Content-Type: text/plain\n\n${text}`
const html = (text: string) => `Content-Type: text/html\n\n${text}`
const png = 'Content-Type: image/png\nContent-ID: <p@x>\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo='
const pdf = 'Content-Type: application/pdf\nContent-Disposition: attachment; filename=a.pdf\n\n%PDF'
const shown = (text: string) => {
  const { text: body, html: page, parts } = parse(text)
  return [body, page, parts.map((p) => `${p.path} ${p.contentType}`)]
}

test('the fields that programs ask for', () => {
  const { fields, ...message } = parse(
    [
      'From: =?utf-8?Q?J=C3=BCrgen?= <j@x.test>',
      'Sender: s@x.test',
      'Reply-To: r@x.test',
      'To: A <a@x.test>,',
      ' group: b@x.test;',
      'Cc: c@x.test',
      'Bcc: d@x.test',
      'Subject: =?utf-8?B?R3LDvMOfZQ==?=',
      'Date: Tue, 1 Jul 2003 10:52:37 +0200',
      'Message-ID: <id@x.test>',
      'In-Reply-To: <one@x.test>',
      'References: <zero@x.test>',
      ' <one@x.test>',
      'X-Grüße: dropped, its name is no name',
      'X-Raw: Grüße',
      '',
      'Hello',
      '',
    ].join('\n'),
  )
  expect(fields.slice(-2)).toEqual([
    { name: 'References', value: '<zero@x.test> <one@x.test>' },
    { name: 'X-Raw', value: 'Grüße' },
  ])
  expect(message).toMatchObject({
    messageId: '<id@x.test>',
    inReplyTo: ['<one@x.test>'],
    references: ['<zero@x.test>', '<one@x.test>'],
    subject: 'Grüße',
    date: Date.parse('2003-07-01T08:52:37Z'),
    from: [{ name: 'Jürgen', address: 'j@x.test' }],
    sender: [{ name: null, address: 's@x.test' }],
    replyTo: [{ name: null, address: 'r@x.test' }],
    to: [
      { name: 'A', address: 'a@x.test' },
      { name: null, address: 'b@x.test' },
    ],
    cc: [{ name: null, address: 'c@x.test' }],
    bcc: [{ name: null, address: 'd@x.test' }],
    text: 'Hello',
    html: null,
    parts: [],
    defects: [{ code: 'malformed-header-line', detail: 'X-Grüße: dropped, its name is no name' }],
  })
})

test('ids beyond ASCII are UTF-8', () => {
  expect(parse('Message-ID: <ü@x>\nReferences: <à@x>\n <b\n c@x>\n\n')).toMatchObject({
    messageId: '<ü@x>',
    references: ['<à@x>', '<bc@x>'],
  })
})

test('an empty message is a message', () => {
  const { text, subject, from, messageId, date, structure } = parseMessage(new Uint8Array())
  expect({ text, subject, from, messageId, date }).toEqual({
    text: '',
    subject: null,
    from: [],
    messageId: null,
    date: null,
  })
  expect(structure).toMatchObject({ path: '1', contentType: 'text/plain', offset: 0, length: 0 })
})

test('several authors are all told', () => {
  const message = parse('From: a@x.test\nFrom: b@x.test, c@x.test\n\n')
  expect(message.from.map((m) => m.address)).toEqual(['a@x.test', 'b@x.test', 'c@x.test'])
  expect(codes(message)).toEqual(['duplicate-from', 'several-from-addresses'])
})

test.each<[string, string, unknown[]]>([
  ['text and HTML', multipart('alternative', plain('t'), html('h')), ['t', 'h', []]],
  ['an alternative of pictures', multipart('alternative', plain('t'), png), ['t', null, ['2 image/png']]],
  [
    'a calendar beside its text',
    multipart('alternative', plain('t'), 'Content-Type: text/calendar\n\nc'),
    ['t', null, ['2 text/calendar']],
  ],
  ['two texts in an alternative', multipart('alternative', plain('t'), plain('u')), ['t', null, ['2 text/plain']]],
  ['blank text beside HTML', multipart('alternative', plain('\n'), html('h')), [null, 'h', []]],
  ['an attachment', multipart('mixed', plain('t'), pdf), ['t', null, ['2 application/pdf']]],
  ['text around a picture', multipart('mixed', plain('t'), png, plain('u')), ['t\nu', null, ['2 image/png']]],
  ['HTML around a picture', multipart('mixed', html('h'), png, html('i')), [null, 'h\ni', ['2 image/png']]],
  ['a picture inside HTML', multipart('related', html('h'), png), [null, 'h', ['2 image/png']]],
  [
    'a page that its start names',
    multipart('related; start="<r@x>"', png, 'Content-Type: text/html\nContent-ID: <r@x>\n\nh'),
    [null, 'h', ['1 image/png']],
  ],
  [
    'a frame of a page',
    multipart('related', html('h'), 'Content-Type: text/html\nContent-ID: <f@x>\n\nf'),
    [null, 'h', ['2 text/html']],
  ],
  [
    'a signed text',
    multipart('signed', plain('t'), 'Content-Type: application/pgp-signature\n\ns'),
    ['t', null, ['2 application/pgp-signature']],
  ],
  [
    'a text file',
    multipart('mixed', plain('t'), 'Content-Type: text/plain; name=a.txt\n\nf'),
    ['t', null, ['2 text/plain']],
  ],
  [
    'an attached text',
    multipart('mixed', plain('t'), 'Content-Disposition: attachment\n\nf'),
    ['t', null, ['2 text/plain']],
  ],
  [
    'a message',
    multipart('mixed', plain('t'), 'Content-Type: message/rfc822\n\nSubject: s\n\ninner'),
    ['t', null, ['2 message/rfc822']],
  ],
  [
    'a digest',
    multipart('digest', '\nSubject: s\n\none', '\nSubject: s\n\ntwo'),
    [null, null, ['1 message/rfc822', '2 message/rfc822']],
  ],
  [
    'a report',
    multipart(
      'report',
      plain('t'),
      'Content-Type: message/delivery-status\n\nStatus: 5.0.0',
      'Content-Type: text/rfc822-headers\n\nSubject: s',
    ),
    ['t', null, ['2 message/delivery-status', '3 text/rfc822-headers']],
  ],
  ['only a calendar', 'Content-Type: text/calendar\n\nBEGIN:VCALENDAR', [null, null, ['1 text/calendar']]],
  ['only markdown', 'Content-Type: text/markdown\n\n*hi*', ['*hi*', null, []]],
  ['only a message', 'Content-Type: message/rfc822\n\nSubject: s\n\ninner', [null, null, ['1 message/rfc822']]],
])('%s', (_, text, expected) => {
  expect(shown(text)).toEqual(expected)
})

test('a footer behind text and HTML is in both views', () => {
  const alternative = multipart('alternative', plain('t'), html('<p>h')).replaceAll('=b', '=c').replaceAll('--b', '--c')
  expect(shown(multipart('mixed', alternative, plain('list & <footer>')))).toEqual([
    't\nlist & <footer>',
    '<p>h\n<div style="white-space: pre-wrap">list &amp; &lt;footer&gt;</div>',
    [],
  ])
})

test.each<[string, string, unknown[], string[]]>([
  [
    'no boundary named',
    'Content-Type: multipart/mixed\n\n--b\n\nt\n--b--',
    ['--b\n\nt\n--b--', null, []],
    ['missing-boundary'],
  ],
  [
    'a boundary that never comes',
    'Content-Type: multipart/mixed; boundary=b\n\nt',
    ['t', null, []],
    ['boundary-not-found'],
  ],
  [
    'no closing delimiter',
    'Content-Type: multipart/mixed; boundary=b\n\n--b\n\nt\n',
    ['t', null, []],
    ['boundary-not-closed'],
  ],
  [
    'a part behind the closing delimiter',
    `${multipart('mixed', plain('t'))}--b\n${pdf}`,
    ['t', null, ['2 application/pdf']],
    ['part-after-close'],
  ],
  [
    'an inner multipart with the boundary of the outer',
    multipart('mixed', 'Content-Type: multipart/alternative; boundary=b\n', plain('t'), html('h')),
    ['t', 'h', []],
    ['unusable-boundary'],
  ],
  [
    'no empty line behind the head of a part',
    multipart('mixed', 'Content-Type: text/plain\nthe text\nhere'),
    ['the text\nhere', null, []],
    ['no-empty-line-after-head'],
  ],
  [
    'no head at all',
    'Hello there,\nthis is text.\n',
    ['Hello there,\nthis is text.', null, []],
    ['no-empty-line-after-head'],
  ],
  [
    'a broken line inside the head',
    'Subject: a\nbroken\nFrom: a@x.test\n\nt',
    ['t', null, []],
    ['malformed-header-line'],
  ],
  [
    'words that claim to be base64',
    'Content-Transfer-Encoding: base64\n\nThese are just words, no base64.',
    ['These are just words, no base64.', null, []],
    ['bad-base64'],
  ],
  ['an encoding nobody knows', 'Content-Transfer-Encoding: x-zip\n\nt', ['t', null, []], ['unknown-transfer-encoding']],
  ['a type that is none', 'Content-Type: text\n\nt', ['t', null, []], ['malformed-content-type']],
  ['two types', 'Content-Type: text/html\nContent-Type: text/plain\n\nh', [null, 'h', []], ['duplicate-content-type']],
  [
    'a charset nobody knows',
    'Content-Type: text/plain; charset=x-none\n\nGrüße',
    ['Grüße', null, []],
    ['unknown-charset'],
  ],
  ['delimiters in a row', 'Content-Type: multipart/mixed; boundary=b\n\n--b\n--b\n\nt\n--b--', ['t', null, []], []],
  ['only delimiters', 'Content-Type: multipart/mixed; boundary=b\n\n--b--\n', [null, null, []], ['boundary-not-found']],
])('broken: %s', (_, text, expected, defects) => {
  expect(shown(text)).toEqual(expected)
  expect(codes(parse(text))).toEqual(defects)
})

test('a header line too long is read and told', () => {
  const message = parse(`Subject: ${'a'.repeat(2000)}\n\n`)
  expect(message.subject).toHaveLength(2000)
  expect(codes(message)).toEqual(['header-line-too-long'])
})

test('the line of a mail store in front of the head is passed over', () => {
  expect(parse('From a@x.test Mon Mar  2 10:11:12 2026\nSubject: s\n\nt')).toMatchObject({
    subject: 's',
    text: 't',
    defects: [],
  })
})

test.each(['From : a@x.test', 'From \t: a@x.test', 'From: a@x.test'])(
  'a From field at the start is one: %j',
  (line) => {
    expect(parse(`${line}\nSubject: s\n\nt`)).toMatchObject({
      from: [{ address: 'a@x.test' }],
      subject: 's',
      text: 't',
    })
  },
)

test('text is Unicode with LF, flowed lines joined, without NUL', () => {
  expect(parse('Content-Type: text/plain; format=flowed\n\nsoft \nbreak\n\n\n').text).toBe('soft break')
  expect(parseMessage(Buffer.from('Content-Type: text/plain; charset=cp850\n\na\0\x81\r\rb\r\n', 'latin1')).text).toBe(
    'aü\n\nb',
  )
  const meta = '<meta http-equiv=Content-Type content="text/html; charset=koi8-r">\xd2'
  expect(parseMessage(Buffer.from(`Content-Type: text/html\n\n${meta}`, 'latin1')).html).toMatch(/р$/)
})

test('a part tells its name, size and hash, and its bytes come back unchanged', () => {
  const file = 'line one\r\nline two\nnul \0 and \xff\r\n\r\n'
  const head =
    'Content-Type: text/plain; name="C:\\secret\\=?utf-8?Q?n=C3=B6te.txt?="\r\nContent-Disposition: Attachment\r\n\r\n'
  const message = Buffer.from(
    `Content-Type: multipart/mixed; boundary="b c"\r\n\r\n--b c  \r\n${head}${file}\r\n--b c--`,
    'latin1',
  )
  const [part] = parseMessage(message).parts
  expect(part).toEqual({
    path: '1',
    contentType: 'text/plain',
    charset: null,
    filename: 'nöte.txt',
    disposition: 'attachment',
    contentId: null,
    offset: message.indexOf('line one'),
    length: file.length,
    encoding: '7bit',
    sizeBytes: file.length,
    sha256: hash('sha256', Buffer.from(file, 'latin1')),
  })
  expect(decodePart(message, part!)).toEqual(Buffer.from(file, 'latin1'))
})

test('the result can be sent to another thread', () => {
  const message = parse(multipart('mixed', plain('t'), pdf))
  expect(structuredClone(message)).toEqual(message)
})

test('any bytes make a message', () => {
  const atoms = fc.constantFrom(
    ...[
      '\n',
      '\r\n',
      '\r',
      ' ',
      '--b',
      '--b--',
      '--',
      'Content-Type: ',
      'multipart/mixed; boundary=b',
      'text/html',
      'message/rfc822',
    ],
    ...[
      'Content-Transfer-Encoding: base64',
      'quoted-printable',
      'From: ',
      'a@b',
      '<',
      '"',
      '=?utf-8?q?',
      '?=',
      'charset=utf-16',
      '; ',
      '\xff',
      '\0',
    ],
  )
  const mails = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.array(atoms).map((parts) => Buffer.from(parts.join(''), 'latin1')),
  )
  fc.assert(
    fc.property(mails, (mail) => {
      const { parts, structure } = parseMessage(mail)
      for (const part of [...parts, structure]) {
        expect(part.offset).toBeGreaterThanOrEqual(0)
        expect(part.length).toBeGreaterThanOrEqual(0)
        expect(part.offset + part.length).toBeLessThanOrEqual(mail.length)
      }
    }),
    { numRuns: 2000 },
  )
})
