import { randomBytes } from 'node:crypto'
import { parseMessage } from '../src/protocol/mime/parse-message.ts'

/** Prints what the MIME parser manages: `node bench/mime.ts`. */
function bench(): void {
  for (const [name, mail] of Object.entries(ordinaryMails())) {
    const perSecond = measure(mail, 1500)
    const megabytes = (perSecond * mail.length) / 1e6
    console.log(`${name.padEnd(34)} ${Math.round(perSecond)} mails/s, ${Math.round(megabytes)} MB/s`)
  }
  for (const [name, make] of Object.entries(bombs)) {
    const mail = make()
    const before = process.memoryUsage().rss
    const start = performance.now()
    const { defects } = parseMessage(mail)
    const ms = Math.round(performance.now() - start)
    const grown = Math.max(0, Math.round((process.memoryUsage().rss - before) / 1e6))
    console.log(`${name.padEnd(34)} ${ms} ms, +${grown} MB, ${defects.map((d) => d.code).join(' ')}`)
  }
}

function measure(mail: Buffer, forMs: number): number {
  for (let i = 0; i < 200; i++) parseMessage(mail)
  const start = performance.now()
  let count = 0
  while (performance.now() - start < forMs) {
    parseMessage(mail)
    count++
  }
  return (count * 1000) / (performance.now() - start)
}

const base64Lines = (size: number) => randomBytes(size).toString('base64').replace(/.{76}/g, '$&\r\n')

const HEAD = [
  'Return-Path: <bounce+4711@mail.example.com>',
  'Received: from mx1.example.com (mx1.example.com [192.0.2.10]) by mail.example.net (Postfix) with ESMTPS id 4Xy1 for',
  '\t<robot@example.net>; Mon, 2 Mar 2026 10:11:12 +0100 (CET)',
  'DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=s1; h=from:to:subject:date:message-id;',
  `\tbh=${'A'.repeat(43)}=; b=${'B'.repeat(60)}`,
  `\t${'C'.repeat(70)}`,
  'Date: Mon, 02 Mar 2026 10:11:10 +0100',
  'From: =?UTF-8?Q?J=C3=BCrgen_M=C3=BCller?= <juergen@example.com>',
  'To: "Robot, The" <robot@example.net>, Second <second@example.net>',
  'Cc: list: a@example.com, b@example.com;',
  'Subject: =?UTF-8?B?UsO8Y2tmcmFnZSB6dXIgUmVjaG51bmc=?= 2026-117',
  'Message-ID: <20260302101110.4711@mail.example.com>',
  'In-Reply-To: <previous@example.net>',
  'References: <first@example.net> <previous@example.net>',
  'List-Unsubscribe: <https://example.com/unsubscribe?id=4711>',
  'MIME-Version: 1.0',
].join('\r\n')

const TEXT = 'Dear all,\r\n\r\nplease find the invoice below. Gr=C3=BC=C3=9Fe aus Berlin.\r\n\r\n'

function alternative(size: number, attachment = 0): Buffer {
  const text = TEXT.repeat(Math.ceil(size / 2 / TEXT.length))
  const parts = [
    `--a\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${text}`,
    `--a\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>${text}</p>\r\n--a--\r\n`,
  ].join('\r\n')
  const body = `${HEAD}\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n${parts}`
  if (attachment === 0) return Buffer.from(body)
  const file = `--m\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64Lines(attachment)}`
  const inner = `--m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n${parts}`
  return Buffer.from(`${HEAD}\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n${inner}\r\n${file}\r\n--m--\r\n`)
}

function ordinaryMails(): Record<string, Buffer> {
  return {
    'text and HTML, 5 kB': alternative(3500),
    'text and HTML, 50 kB': alternative(48_500),
    '5 kB and an attachment of 37 kB': alternative(3500, 37_000),
  }
}

const MB = 1_000_000
const multipart = (body: string) => Buffer.from(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${body}`, 'latin1')
const nestedMultiparts = (count: number) =>
  Array.from({ length: count }, (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`).join('')

const bombs: Record<string, () => Buffer> = {
  '25 MB attachment': () => alternative(3500, 18 * MB),
  '25 MB text, quoted-printable': () => alternative(25 * MB),
  '10 MB of LF': () => Buffer.alloc(10 * MB, 10),
  '10 MB of LF in a multipart': () => multipart('\n'.repeat(10 * MB)),
  '10 MB of CRLF': () => Buffer.from('\r\n'.repeat(5 * MB)),
  '10 MB of "--" lines': () => multipart('\n--'.repeat(3 * MB)),
  '10 MB of near boundaries': () => multipart('\n--c'.repeat(2.5 * MB)),
  '10 MB of spaces': () => Buffer.alloc(10 * MB, 32),
  '10 MB of zeros': () => Buffer.alloc(10 * MB),
  '100,000 parts': () => multipart('--b\r\n\r\nx\r\n'.repeat(100_000)),
  '100,000 delimiters': () => multipart('--b\r\n'.repeat(100_000)),
  '100,000 header fields': () => Buffer.from('X-A: b\r\n'.repeat(100_000)),
  '10 MB header field': () => Buffer.from(`Subject: ${'=?utf-8?Q?a?= '.repeat((10 * MB) / 14)}\r\n\r\n`),
  '10 MB Content-Type': () => Buffer.from(`Content-Type: text/plain; ${'a="b;'.repeat(2 * MB)}\r\n\r\n`),
  '1,000 nested multiparts': () => Buffer.from(nestedMultiparts(1000)),
  '1,000 nested messages': () => Buffer.from('Content-Type: message/rfc822\r\n\r\n'.repeat(1000)),
  '10 MB base64 attachment': () =>
    Buffer.from(`Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64Lines(7.4 * MB)}`),
  '10 MB base64, padded lines': () =>
    Buffer.from(`Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n${'QQ==\r\n'.repeat(1.6 * MB)}`),
  '100,000 addresses': () => Buffer.from(`To: ${'A B <someone@example.com>, '.repeat(100_000)}\r\n\r\n`),
  '10 MB of brackets in To': () => Buffer.from(`To: ${'('.repeat(5 * MB)}${'<'.repeat(5 * MB)}\r\n\r\n`),
  '10 MB of references': () => Buffer.from(`References: ${'<a@b> '.repeat(1.6 * MB)}\r\n\r\n`),
  '5 MB of UTF-7': () => Buffer.from(`Content-Type: text/plain; charset=utf-7\r\n\r\n${'+AGE-'.repeat(MB)}`),
  '5 MB of ISO-2022-JP': () =>
    Buffer.from(`Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n${'\x1b$B$"\x1b(B'.repeat(600_000)}`),
  '10 MB of flowed text': () =>
    Buffer.from(`Content-Type: text/plain; format=flowed\r\n\r\n${'> \r\n'.repeat(2.5 * MB)}`),
}

bench()
