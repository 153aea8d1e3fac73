import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readReport } from './read-report.ts'

const mail = (...lines: string[]) => Buffer.from(`${lines.join('\r\n')}\r\n`)
const first = (bytes: Uint8Array) => readReport(bytes)?.recipients[0]

const report = (perRecipient: string[], notice = 'Delivery failed.') =>
  mail(
    'From: MAILER-DAEMON@mx.example.org',
    'Subject: Returned mail',
    'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
    '',
    '--b',
    '',
    notice,
    '--b',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.example.org',
    'Original-Envelope-Id: env-1',
    '',
    ...perRecipient,
    '',
    '--b',
    'Content-Type: text/rfc822-headers',
    '',
    'Message-ID: <orig@example.org>',
    'To: bob@example.net',
    '',
    '--b--',
  )

const notice = (from: string, subject: string, ...text: string[]) =>
  mail(`From: ${from}`, 'To: ann@example.org', `Subject: ${subject}`, '', ...text)

describe('a report of RFC 3464', () => {
  it('tells recipient, code and the message it is about', () => {
    const read = readReport(
      report([
        'Final-Recipient: rfc822; bob@example.net',
        'Original-Recipient: rfc822; team@example.com',
        'Action: failed',
        'Status: 5.0.0',
        'Remote-MTA: dns; mx.example.net',
        'Diagnostic-Code: smtp; 550-5.1.1 <bob@example.net>:',
        ' no such user here',
      ]),
    )
    expect(read).toEqual({
      kind: 'bounce',
      hasReport: true,
      recipients: [
        {
          address: 'bob@example.net',
          alias: 'team@example.com',
          originalRecipient: 'team@example.com',
          action: 'failed',
          status: '5.1.1',
          pseudoStatus: false,
          replyCode: '550',
          reason: 'user_unknown',
          hard: true,
          diagnostic: '550-5.1.1 <bob@example.net>: no such user here',
          remoteMta: 'mx.example.net',
        },
      ],
      originalMessageId: '<orig@example.org>',
      originalEnvelopeId: 'env-1',
      originalHeaders: 'Message-ID: <orig@example.org>\nTo: bob@example.net\n',
    })
  })

  it.each([
    ['mailbox full', '552 5.2.2 mailbox full', 'mailbox_full'],
    ['spam', '554 5.7.1 message looks like spam', 'spam'],
    ['a blocked sender host', '550 5.7.1 client host blocked using a list', 'blocked'],
    ['a message too large', '552 5.3.4 message too big', 'message_too_large'],
    ['DMARC', '550 5.7.26 does not pass DMARC', 'authentication'],
    ['a temporary unknown user', '450 4.1.1 user unknown', 'user_unknown'],
    ['an unknown user after DATA', '550 user unknown (in reply to end of DATA command)', 'recipient_refused'],
    ['an unknown sender', '550 no such user (in reply to MAIL FROM command)', 'sender_rejected'],
  ])('never makes an address hard for %s', (_, diagnostic, reason) => {
    const read = first(
      report(['Final-Recipient: rfc822; bob@example.net', 'Action: failed', `Diagnostic-Code: smtp; ${diagnostic}`]),
    )
    expect(read).toMatchObject({ reason, hard: false })
  })

  it('is a delivery notice when all went well, and a delay when all may still', () => {
    const of = (action: string, status: string) =>
      readReport(report(['Final-Recipient: rfc822; bob@example.net', `Action: ${action}`, `Status: ${status}`]))?.kind
    expect(of('delivered', '2.0.0')).toBe('delivered')
    expect(of('relayed', '2.1.9')).toBe('delivered')
    expect(of('delayed', '4.4.1')).toBe('delayed')
  })

  it('reads escaped addresses of RFC 6533', () => {
    const read = first(report(['Final-Recipient: utf-8; b\\x{F6}b@example.net', 'Action: failed', 'Status: 5.1.1']))
    expect(read?.address).toBe('böb@example.net')
  })
})

describe('a notice in a server’s own words', () => {
  it.each([
    ['qmail', ['<bob@example.net>:', '192.0.2.1 does not like recipient.', 'Remote host said: 550 user unknown']],
    ['Exim', ['The following address(es) failed:', '', '  bob@example.net', '    Unrouteable address']],
    ['plain prose', ['Your message could not be delivered to bob@example.net: no such user here.']],
    [
      'Sendmail',
      ['   ----- Transcript of session follows -----', '550 5.1.1 <bob@example.net>... User unknown', '', 'Returned.'],
    ],
    [
      'MailMarshal',
      [
        'Your message could not be delivered because of',
        '',
        '550 5.1.1 User unknown',
        '',
        'Recipients affected:',
        '    bob@example.net',
      ],
    ],
    [
      'Notes',
      ['------- Failure Reasons  --------', '', 'User not listed in public Name & Address Book', 'bob@example.net'],
    ],
    [
      'James',
      [
        'Failed recipient(s):',
        'bob@example.net',
        '',
        'Error message:',
        '550 - Requested action not taken: no such user here',
      ],
    ],
    [
      'InterScan',
      [
        'Sent <<< RCPT TO:<bob@example.net>',
        'Received >>> 550 user unknown',
        'Unable to deliver message to <bob@example.net>',
      ],
    ],
    ['IMail', ['Unknown user: bob@example.net', '', 'Original message follows.']],
    ['German', ['Diese Nachricht ist unzustellbar (undeliverable):', 'bob@example.net', '  550 Empfänger unbekannt']],
  ])('is understood: %s', (_, text) => {
    const read = readReport(notice('MAILER-DAEMON@mx.example.org', 'failure notice', ...text))
    expect(read).toMatchObject({
      kind: 'bounce',
      hasReport: false,
      recipients: [{ address: 'bob@example.net', hard: true }],
    })
  })

  it('gives each recipient its own reason', () => {
    const read = readReport(
      notice(
        'MAILER-DAEMON@mx.example.org',
        'Undeliverable',
        '<bob@example.net>: 550 5.1.1 no such user',
        '<eve@example.net>: 552 5.2.2 over quota',
      ),
    )
    expect(read?.recipients.map((r) => [r.address, r.status, r.hard])).toEqual([
      ['bob@example.net', '5.1.1', true],
      ['eve@example.net', '5.2.2', false],
    ])
  })

  it('marks the code as made up when there is none', () => {
    const read = first(
      notice('MAILER-DAEMON@mx.example.org', 'failure notice', '<bob@example.net>:', 'Mailbox is full'),
    )
    expect(read).toMatchObject({ status: '5.0.0', pseudoStatus: true, replyCode: null, reason: 'mailbox_full' })
  })

  it('finds the original below the text', () => {
    const read = readReport(
      notice(
        'MAILER-DAEMON@mx.example.org',
        'failure notice',
        '<bob@example.net>:',
        'no such user',
        '--- Below this line is a copy of the message.',
        '',
        'Message-ID: <orig@example.org>',
        'Subject: Hello',
      ),
    )
    expect(read).toMatchObject({
      originalMessageId: '<orig@example.org>',
      originalHeaders: 'Message-ID: <orig@example.org>\nSubject: Hello\n',
    })
  })
})

describe('a colleague who left', () => {
  it('answers automatically and is not suppressed', () => {
    const away = mail(
      'Return-Path: <>',
      'From: Bob <bob@example.net>',
      'Subject: Automatic reply: Hello',
      '',
      'Your message has not been delivered: Bob is no longer with the company. Write to eve@example.net.',
    )
    expect(readReport(away)).toMatchObject({
      kind: 'auto_reply',
      recipients: [{ address: 'bob@example.net', hard: false }],
    })
  })
})

describe('what people write', () => {
  it.each([
    ['a letter', notice('Bob <bob@example.net>', 'Lunch', 'Are you coming?')],
    [
      'an answer to a bounce',
      notice('bob@example.net', 'Re: Undeliverable: Hello', '550 5.1.1 user unknown, says it. Why?'),
    ],
    [
      'a question about mail',
      notice('bob@example.net', 'mail', 'My message could not be delivered to eve@example.com'),
    ],
    ['an answer to an automatic reply', notice('bob@example.net', 'Re: Automatic reply: Hello', 'Enjoy the beach')],
    [
      'a mailing list',
      mail('From: bob@example.net', 'List-Id: <l.example.net>', 'Subject: Out of office: party', '', 'hi'),
    ],
  ])('is no report: %s', (_, bytes) => {
    expect(readReport(bytes)).toBeNull()
  })

  it('stays theirs when they forward a report as an attachment', () => {
    const forwarded = mail(
      'From: bob@example.net',
      'Subject: what is this',
      'Content-Type: multipart/mixed; boundary=outer',
      '',
      '--outer',
      '',
      'I got this:',
      '--outer',
      'Content-Type: message/rfc822',
      '',
      report(['Final-Recipient: rfc822; eve@example.net', 'Action: failed', 'Status: 5.1.1']).toString(),
      '--outer--',
    )
    expect(readReport(forwarded)).toBeNull()
  })
})

describe('an automatic reply', () => {
  it.each([
    ['Auto-Submitted', ['Auto-Submitted: auto-replied (vacation)']],
    ['X-Autoreply', ['X-Autoreply: yes']],
    ['its subject', ['Subject: Automatic reply: Hello']],
    ['its encoded subject', ['Subject: =?utf-8?Q?R=C3=A9ponse_automatique_:_Bonjour?=']],
  ])('is known by %s', (_, fields) => {
    const read = readReport(
      mail('From: Bob <bob@example.net>', 'In-Reply-To: <1@example.org>', ...fields, '', 'I am away.'),
    )
    expect(read).toMatchObject({
      kind: 'auto_reply',
      originalMessageId: '<1@example.org>',
      recipients: [{ address: 'bob@example.net', hard: false, status: null }],
    })
  })
})

describe('any bytes', () => {
  const folder = join(import.meta.dirname, '../../../../shared/corpora/bounces/mails')
  const samples = readdirSync(folder).map((name) => readFileSync(join(folder, name)))

  it('are read or not, and nothing is thrown', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => void readReport(bytes)))
  })

  it('of a damaged report are survived', () => {
    const edit = fc.record({ at: fc.nat(3000), bytes: fc.uint8Array({ maxLength: 12 }), cut: fc.nat(200) })
    fc.assert(
      fc.property(fc.constantFrom(...samples), fc.array(edit, { maxLength: 6 }), (sample, edits) => {
        let bytes = Buffer.from(sample)
        for (const { at, bytes: put, cut } of edits) {
          bytes = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)])
        }
        readReport(bytes)
      }),
      { numRuns: 500 },
    )
  })

  it('with many recipients beside a long text take no longer either', () => {
    const groups = Array.from({ length: 600 }, (_, i) => [
      `Final-Recipient: rfc822; a${i}@example.net`,
      'Action: failed',
      '',
    ])
    const start = performance.now()
    const read = readReport(report(groups.flat(), 'a@example.net said 550 5.1.1 no such user\n'.repeat(8000)))
    expect(read?.recipients).toHaveLength(600)
    expect(performance.now() - start).toBeLessThan(1500)
  })

  it.each([
    'a@',
    '<',
    '--b\n',
    ' ',
    '\n',
    'To: a@b.c\n',
    '<a@b.cc>: x\n',
    '=?a?Q?',
    '5.1.1 ',
    '550 ',
    '<a',
    '&lt;',
    '-',
    'ab.',
    'Final-Recipient: rfc822; a@b\n',
    'mail ',
    'deliver ',
    'a@b.c ',
  ])('take no longer than their length explains: %j over and over', (unit) => {
    const bytes = (size: number, type: string) =>
      Buffer.from(
        `From: MAILER-DAEMON@x\nSubject: Undeliverable\nX-Failed-Recipients: ${unit.trim().repeat(2000)}\nContent-Type: ${type}; boundary=b\n\n--b\n\n--b\n\n` +
          unit.repeat(size / unit.length),
      )
    for (const type of ['text/plain', 'text/html', 'multipart/report', 'message/delivery-status']) {
      const start = performance.now()
      readReport(bytes(2_000_000, type))
      expect(performance.now() - start).toBeLessThan(1500)
    }
  })
})
