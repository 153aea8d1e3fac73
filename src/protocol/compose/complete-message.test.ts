import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readHead } from '../mime/header-fields.ts'
import { ParseError } from '../parse-error.ts'
import { completeMessage } from './complete-message.ts'

const given = { host: 'mail.posthouse.test', date: Date.UTC(2026, 0, 2, 3, 4, 5), messageId: '<made@posthouse.test>' }
const trace = 'Received: by mail.posthouse.test with ESMTPSA;\r\n\tFri, 02 Jan 2026 03:04:05 +0000\r\n'
const date = 'Date: Fri, 02 Jan 2026 03:04:05 +0000\r\n'
const id = 'Message-ID: <made@posthouse.test>\r\n'
const complete = (text: string) => completeMessage(Buffer.from(text, 'latin1'), given).toString('latin1')

describe('a message that is handed in', () => {
  test.each([
    ['gets what it lacks', 'Subject: a\r\n\r\nb\r\n', `${trace}Subject: a\r\n${date}${id}\r\nb\r\n`],
    ['keeps what it has', 'DATE: x\r\nmessage-id: <a@b>\r\n\r\nb', `${trace}DATE: x\r\nmessage-id: <a@b>\r\n\r\nb`],
    [
      'loses Bcc, folds and all',
      'Bcc: a@b,\r\n c@d\r\nBCC: e@f\r\nTo: g@h\r\n\r\n',
      `${trace}To: g@h\r\n${date}${id}\r\n`,
    ],
    [
      'loses the other fields that are not for readers',
      'Resent-Bcc: a@b\r\nReturn-Path: <x@y>\r\n\r\n',
      `${trace}${date}${id}\r\n`,
    ],
    ['gets another id for one that is none', 'Message-ID: x\r\n\r\n', `${trace}${date}${id}\r\n`],
    ['has whole line ends', 'Subject: a\n b\n\nc\rd\n', `${trace}Subject: a\r\n b\r\n${date}${id}\r\nc\r\nd\r\n`],
    ['may be a header alone, without an end', 'Subject: a', `${trace}Subject: a\r\n${date}${id}\r\n`],
    ['may be empty', '', `${trace}${date}${id}\r\n`],
    ['keeps bytes beyond ASCII', 'Subject: \xe9\r\n\r\n\xff\x00', `${trace}Subject: \xe9\r\n${date}${id}\r\n\xff\x00`],
    ['keeps a Bcc in its body', '\r\nBcc: a@b\r\n', `${trace}${date}${id}\r\nBcc: a@b\r\n`],
  ])('%s', (_name, raw, wanted) => {
    expect(complete(raw)).toBe(wanted)
  })

  test.each([
    'From x@y Mon Jan 1\r\nSubject: a\r\n\r\n',
    ' folded\r\nSubject: a\r\n\r\n',
    'Subject: a\r\nno field\r\n\r\nb',
  ])('with a header that readers see differently is refused: %j', (raw) => {
    expect(() => complete(raw)).toThrow(ParseError)
  })

  test('never leaves with a Bcc, whatever its bytes', () => {
    const words = ['Bcc: a@b', 'bcc:a', 'Subject: x', ' ', '\t', '\r', '\n', '\r\n', ':', 'B', 'cc', '\0', 'From: a@b']
    for (let i = 0; i < 2_000; i++) {
      const raw = Buffer.concat([...randomBytes(12)].map((byte) => Buffer.from(words[byte % words.length] ?? '')))
      let out: Buffer
      try {
        out = completeMessage(raw, given)
      } catch (error) {
        expect(error).toBeInstanceOf(ParseError)
        continue
      }
      expect(readHead(out).fields.map(({ name }) => name.toLowerCase())).not.toContain('bcc')
      expect(out.toString('latin1')).not.toMatch(/\r(?!\n)|(?<!\r)\n/)
    }
  })
})
