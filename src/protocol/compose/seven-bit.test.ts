import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodePart } from '../mime/decode-part.ts'
import { parseMessage } from '../mime/parse-message.ts'
import { toSevenBit } from './seven-bit.ts'

const crlf = (text: string) => Buffer.from(text.replace(/\n/g, '\r\n'))
const isSeven = (bytes: Buffer) => bytes.every((byte) => byte < 0x80)

function seven(text: string): Buffer {
  const made = toSevenBit(crlf(text))
  if (!made) throw new Error('The message has no other spelling')
  expect(isSeven(made)).toBe(true)
  return made
}

const MIXED = `DKIM-Signature: v=1; a=rsa-sha256; b=AAAA
From: "Zoë Müller" <zoe@example.com>
To: Bo <bo@example.com>, Ünal <u@bücher.example>
Subject: Grüße 🍵
X-Plain: stays
   as it is
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b
Content-Transfer-Encoding: 8bit

Vorwort für niemanden
--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Größe = 4
From here on
--b
Content-Type: application/octet-stream; name="ü.bin"
Content-Disposition: attachment; filename="größe.bin"
Content-Transfer-Encoding: binary

\u00e4\u00f6\u00fc
--b
Content-Type: message/rfc822
Content-Transfer-Encoding: 8bit

Subject: Innen schön
From: a@example.com
Content-Type: text/html; charset=utf-8

<p>schön</p>
--b
Content-Type: text/plain

plain
--b--
`

describe('a message in seven bits', () => {
  test('says the same, in bodies, names and texts', () => {
    const made = seven(MIXED)
    const [before, after] = [parseMessage(crlf(MIXED)), parseMessage(made)]
    expect(after.subject).toBe('Grüße 🍵')
    expect(after.from).toEqual(before.from)
    expect(after.to.map(({ name, address }) => [name, address])).toEqual([
      ['Bo', 'bo@example.com'],
      ['Ünal', 'u@xn--bcher-kva.example'],
    ])
    expect(after.text).toBe(before.text)
    expect(after.parts.map(({ filename }) => filename)).toEqual(before.parts.map(({ filename }) => filename))
    expect(after.defects).toEqual([])
    const [file, inner] = after.parts
    expect(decodePart(made, file as Parameters<typeof decodePart>[1]).toString()).toBe('äöü')
    const nested = parseMessage(decodePart(made, inner as Parameters<typeof decodePart>[1]))
    expect(nested).toMatchObject({ subject: 'Innen schön', html: expect.stringContaining('schön') })
    expect(made.toString()).toContain('X-Plain: stays\r\n   as it is\r\n')
    expect(made.toString()).not.toContain('DKIM-Signature')
  })

  test('of seven bits stays as it is, but for signatures', () => {
    const raw = 'From: a@example.com\nSubject: x\n\nHello\n'
    expect(seven(raw)).toEqual(crlf(raw))
    expect(seven(`ARC-Seal: i=1\n${raw}`)).toEqual(crlf(raw))
  })

  test.each([
    ['a sender', 'From: jörg@example.com\n\nx\n'],
    ['a recipient', 'From: a@b.c\nTo: Jörg <jörg@example.com>\n\nx\n'],
    ['a Message-ID', 'From: a@b.c\nMessage-ID: <ü@example.com>\n\nx\n'],
    ['a report', 'From: a@b.c\nContent-Type: message/delivery-status\n\nFinal-Recipient: rfc822; ü@b.c\n'],
    ['an address inside', 'From: a@b.c\nContent-Type: message/rfc822\n\nFrom: ü@b.c\n\nx\n'],
  ])('cannot be made of %s beyond ASCII', (_what, raw) => {
    expect(toSevenBit(crlf(raw))).toBeNull()
  })

  test('keeps any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => {
        const line = text.replace(/[\p{Cc}\p{Cs}]/gu, '.')
        const raw = `From: a@b.c\nContent-Type: text/plain; charset=utf-8\n\n${line}\nend\n`
        const made = toSevenBit(crlf(raw))
        expect(made && isSeven(made)).toBe(true)
        expect(parseMessage(made ?? Buffer.alloc(0)).text).toBe(parseMessage(crlf(raw)).text)
      }),
    )
  })

  test('is made of any bytes, or is not', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const made = toSevenBit(Buffer.concat([Buffer.from('From: a@b.c\r\n'), bytes]))
        expect(made === null || isSeven(made)).toBe(true)
      }),
    )
  })
})
