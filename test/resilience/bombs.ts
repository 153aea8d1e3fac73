const MB = 1024 * 1024
const lines = (...text: string[]) => text.join('\r\n')
const times = (n: number, make: (i: number) => string, between = '\r\n') =>
  Array.from({ length: n }, (_, i) => make(i)).join(between)
const head = (...fields: string[]) => lines('From: a@bomb.test', 'Subject: bomb', ...fields, '', '')
const filled = (bytes: number, byte: number) => Buffer.alloc(bytes, byte)

/** A mail that is cheap to write and dear to read, by its name. The bytes end in CRLF, as SMTP makes them. */
export const bombs: Record<string, () => Buffer> = {
  '100,000 parts': () =>
    text(
      head('Content-Type: multipart/mixed; boundary=b') +
        times(100_000, (i) => lines('--b', '', `part ${i}`)) +
        lines('', '--b--'),
    ),
  '100,000 header fields': () =>
    text(
      lines(
        times(100_000, (i) => `X-Field-${i}: ${i}`),
        '',
        'text',
      ),
    ),
  '100,000 addresses': () =>
    text(lines(`To: ${times(100_000, (i) => `"A ${i}" <a${i}@x.test>`, ',\r\n ')}`, '', 'text')),
  '100,000 nested groups and comments': () =>
    text(lines(`To: ${'('.repeat(100_000)}`, `Cc: ${'g:'.repeat(50_000)}`, '', 'text')),
  '100,000 references': () => text(lines(`References: ${times(100_000, (i) => `<${i}@x.test>`, '\r\n ')}`, '', 'text')),
  '100,000 encoded words': () =>
    text(lines(`Subject: ${times(100_000, () => '=?utf-8?q?=C3=A4?=', '\r\n ')}`, '', 'text')),
  '100,000 parameters': () =>
    text(`${head(`Content-Type: text/plain; ${times(100_000, (i) => `a*${i}*=x`, ';\r\n ')}`)}text`),
  '1,000 nested messages': () => text(`${times(1_000, () => head('Content-Type: message/rfc822'), '')}${head()}inside`),
  '1,000 nested multiparts': () =>
    text(
      times(1_000, (i) => `${i > 0 ? `--b${i - 1}\r\n` : ''}Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n`, ''),
    ),
  '100,000 equal boundaries, never closed': () =>
    text(
      head(`Content-Type: multipart/mixed; boundary="${'b'.repeat(70)}"`) + times(100_000, () => `--${'b'.repeat(69)}`),
    ),
  '10 MB of bare line feeds': () => after(head(), filled(10 * MB, 10)),
  '10 MB of bare carriage returns': () => after(head(), filled(10 * MB, 13)),
  '10 MB in one line': () => after(head(), filled(10 * MB, 97)),
  '10 MB in one header field': () => after('Subject: ', filled(10 * MB, 97)),
  '10 MB of NUL': () => after(head(), filled(10 * MB, 0)),
  '10 MB of invalid UTF-8': () => after(head('Content-Type: text/plain; charset=utf-8'), filled(10 * MB, 0xff)),
  '10 MB of <div>': () => after(head('Content-Type: text/html'), Buffer.from('<div>'.repeat(2 * MB))),
  '10 MB of < and &': () => after(head('Content-Type: text/html'), Buffer.from('<&'.repeat(5 * MB))),
  '10 MB of flowed text': () =>
    after(head('Content-Type: text/plain; format=flowed'), Buffer.from('a \r\n'.repeat(2.5 * MB))),
  '10 MB of quotes': () => after(head(), Buffer.from('> > >\r\n'.repeat(1.4 * MB))),
  '10 MB of broken base64': () =>
    after(head('Content-Transfer-Encoding: base64'), Buffer.from('A=\r\n'.repeat(2.5 * MB))),
  '10 MB of soft line breaks': () =>
    after(head('Content-Transfer-Encoding: quoted-printable'), Buffer.from('=\r\n'.repeat(3.3 * MB))),
  'no header field at all': () => Buffer.from('\r\n'),
}

function text(content: string): Buffer {
  return Buffer.from(content.endsWith('\r\n') ? content : `${content}\r\n`)
}

function after(beginning: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(beginning), body, Buffer.from('\r\n')])
}
