import { expect, test } from 'vitest'
import { leaves } from './body.ts'
import { type ParsedMessage, parseMessage } from './parse-message.ts'

const MB = 1_000_000
const repeat = (text: string, size: number) => text.repeat(Math.ceil(size / text.length))
const multipart = (body: string) => `Content-Type: multipart/mixed; boundary=b\r\n\r\n${body}`
const withField = (field: string, body = '') => `${field}\r\n\r\n${body}`
const nested = (count: number, type = 'mixed') =>
  Array.from({ length: count }, (_, i) => `Content-Type: multipart/${type}; boundary=b${i}\r\n\r\n--b${i}\r\n`).join('')
const codes = ({ defects }: ParsedMessage) => defects.map((d) => d.code)

const bombs: Record<string, () => string> = {
  'bare LFs': () => repeat('\n', 10 * MB),
  'bare LFs in a part': () => multipart(`--b\n\n${repeat('\n', 10 * MB)}`),
  'bare CRs': () => repeat('\r', 10 * MB),
  spaces: () => repeat(' ', 10 * MB),
  zeros: () => repeat('\0', 10 * MB),
  folds: () => withField(`Subject: a${repeat('\n ', 5 * MB)}`),
  colons: () => repeat(':\n', 5 * MB),
  'almost delimiters': () => multipart(repeat('\n--c', 10 * MB)),
  'delimiters with long blanks': () => multipart(repeat(`\n--b${' '.repeat(1000)}x`, 10 * MB)),
  'parts in 49 nested multiparts': () => nested(49) + repeat('\n--b47', 5 * MB),
  'nested related parts': () => nested(50, 'related') + repeat('Content-Type: text/html\n\nx', 1000),
  'a thousand nested messages': () => 'Content-Type: message/rfc822\r\n\r\n'.repeat(1000),
  parameters: () => withField(`Content-Type: a/b; ${repeat('a="b;', 10 * MB)}`),
  'parts full of parameters': () =>
    multipart(repeat(`--b\nContent-Type: a/b; ${repeat('a="b;', 30_000)}\n\n`, 10 * MB)),
  continuations: () => withField(`Content-Type: a/b; ${repeat("name*1*='", 10 * MB)}`),
  'encoded words': () => withField(`Subject: ${repeat('=?utf-8?Q?a?= ', 10 * MB)}`),
  'encoded words that never end': () => withField(`Subject: ${repeat('=?utf-8?Q?a', 10 * MB)}`),
  'many encoded words of many fields': () =>
    repeat(`X: ${repeat('=?utf-8?Q?a?= =?cp850?B?YQ==?= ', 5000)}\r\n`, 10 * MB),
  quotes: () => withField(`To: ${repeat('"', 10 * MB)}`),
  brackets: () => withField(`To: ${repeat('<(', 10 * MB)}`),
  identifiers: () => withField(`References: ${repeat('<a@b> ', 10 * MB)}`),
  'half identifiers': () => withField(`References: ${repeat('<', 10 * MB)}`),
  'base64 padded everywhere': () => withField('Content-Transfer-Encoding: base64', repeat('QQ==', 10 * MB)),
  'soft breaks': () => withField('Content-Transfer-Encoding: quoted-printable', repeat('= ', 10 * MB)),
  'uuencode beginnings': () => withField('Content-Transfer-Encoding: x-uuencode', repeat('begin ', 10 * MB)),
  'UTF-7': () => withField('Content-Type: text/plain; charset=utf-7', repeat('+AGE-', 10 * MB)),
  'IMAP UTF-7': () => withField('Content-Type: text/plain; charset=utf-7-imap', repeat('&AGE-', 10 * MB)),
  'flowed quotes': () => withField('Content-Type: text/plain; format=flowed', repeat('> \n', 10 * MB)),
  'quote marks': () => withField('Content-Type: text/plain; format=flowed', repeat('>', 10 * MB)),
  'meta elements': () => withField('Content-Type: text/html', repeat('<meta ', 10 * MB)),
}

test.each(Object.keys(bombs))('bounded: %s', (name) => {
  const mail = Buffer.from(bombs[name]!(), 'latin1')
  const start = performance.now()
  const message = parseMessage(mail)
  const ms = performance.now() - start
  expect(ms).toBeLessThan(5000)
  expect(leaves(message.structure).length).toBeLessThanOrEqual(1000)
  expect(JSON.stringify(message).length).toBeLessThan(40 * MB)
  if (ms > 500) console.log(`${name}: ${Math.round(ms)} ms`)
})

test('of 100,000 parts a thousand nodes are read, and that is told', () => {
  const message = parseMessage(Buffer.from(multipart('--b\r\n\r\nx\r\n'.repeat(100_000))))
  expect(message.structure.children).toHaveLength(999)
  expect(codes(message)).toContain('too-many-parts')
})

test('of 100,000 header fields two thousand are read', () => {
  const message = parseMessage(Buffer.from('X-A: b\r\n'.repeat(100_000)))
  expect(message.fields).toHaveLength(2000)
  expect(codes(message)).toEqual(['too-many-header-fields'])
})

test('a long head does not hide the fields that are read', () => {
  const many = Array.from({ length: 10_000 }, (_, i) => `X-${i}: y\r\n`).join('')
  const late = 'From: a@x.test\r\nSubject: s\r\nContent-Type: text/html\r\nMessage-ID: <1@x.test>\r\n'
  const message = parseMessage(Buffer.from(`${many}${late}\r\n<p>t`))
  expect(message).toMatchObject({ subject: 's', messageId: '<1@x.test>', html: '<p>t' })
  expect(message.from).toEqual([{ name: null, address: 'a@x.test' }])
  expect(codes(message)).toEqual(['too-many-header-fields'])
})

test('of very many fields that are read, a few of each name are kept behind the limit', () => {
  const message = parseMessage(Buffer.from(`${'To: a@x.test\r\n'.repeat(100_000)}Subject: s\r\n\r\nt`))
  expect(message.subject).toBe('s')
  expect(message.fields).toHaveLength(2011)
})

test('of 100,000 addresses two thousand are read', () => {
  const message = parseMessage(Buffer.from(`To: ${'a@x.test, '.repeat(100_000)}\r\n\r\n`))
  expect(message.to).toHaveLength(2000)
  expect(codes(message)).toContain('too-many-addresses')
})

test('a multipart nested too deep is kept unopened', () => {
  const message = parseMessage(Buffer.from(nested(1000)))
  const [leaf] = leaves(message.structure)
  expect(leaf).toMatchObject({ contentType: 'multipart/mixed', path: Array(50).fill('1').join('.') })
  expect(message.text).toContain('--b999')
  expect(codes(message)).toContain('nested-too-deep')
})

test('long text is cut, never inside a character, and that is told', () => {
  const mail = Buffer.from(`Content-Type: text/plain; charset=utf-8\r\n\r\n${'€'.repeat(100)}`)
  const message = parseMessage(mail, { textBytes: 100 })
  expect(message.text).toBe('€'.repeat(33))
  expect(codes(message)).toEqual(['text-truncated'])
})

test('a thousand defects do not hide the other kinds', () => {
  const part = '--b\r\nContent-Type: text\r\n\r\n--b\r\nContent-Transfer-Encoding: x\r\n\r\n'
  const message = parseMessage(Buffer.from(multipart(part.repeat(300))))
  expect(new Set(codes(message))).toEqual(
    new Set(['malformed-content-type', 'unknown-transfer-encoding', 'boundary-not-closed']),
  )
  expect(message.defects.length).toBeLessThanOrEqual(50)
})
