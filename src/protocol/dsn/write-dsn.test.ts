import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findField, readHead } from '../mime/header-fields.ts'
import { isAutomatic } from './automatic.ts'
import { readReport } from './read-report.ts'
import { type DsnInput, writeDsn } from './write-dsn.ts'

const original = Buffer.from(
  'Message-ID: <42@example.org>\r\nFrom: Ann <ann@example.org>\r\nTo: bob@example.net\r\nSubject: Hello\r\n\r\nSecret body\r\n',
)
const base: DsnInput = {
  host: 'mail.example.org',
  to: 'ann@example.org',
  messageId: '<dsn-1@mail.example.org>',
  at: Date.UTC(2026, 10, 21, 12, 0, 0),
  arrivedAt: Date.UTC(2026, 10, 21, 11, 59, 0),
  recipients: [
    {
      address: 'bob@example.net',
      action: 'failed',
      status: '5.1.1',
      remoteMta: 'mx.example.net',
      diagnostic: '550 5.1.1 <bob@example.net>: Recipient address rejected: User unknown',
      lastAttemptAt: Date.UTC(2026, 10, 21, 11, 59, 30),
    },
  ],
  original,
}

describe('a delivery status notification', () => {
  it('is laid out as RFC 3464 asks', () => {
    const text = writeDsn(base)
      .toString()
      .replace(/dsn-[0-9a-f]{32}/g, 'BOUNDARY')
    expect(text).toBe(
      [
        'From: Mail Delivery System <MAILER-DAEMON@mail.example.org>',
        'To: <ann@example.org>',
        'Subject: Undelivered mail returned to sender',
        'Date: Sat, 21 Nov 2026 12:00:00 +0000',
        'Message-ID: <dsn-1@mail.example.org>',
        'In-Reply-To: <42@example.org>',
        'References: <42@example.org>',
        'Auto-Submitted: auto-replied',
        'MIME-Version: 1.0',
        'Content-Type: multipart/report; report-type=delivery-status;',
        ' boundary="BOUNDARY"',
        '',
        '--BOUNDARY',
        'Content-Type: text/plain; charset=utf-8',
        'Content-Transfer-Encoding: 7bit',
        '',
        'This is the mail system at mail.example.org.',
        '',
        'Your message could not be delivered to the recipients below.',
        '',
        '<bob@example.net>:',
        '  550 5.1.1 <bob@example.net>: Recipient address rejected: User unknown',
        '',
        '--BOUNDARY',
        'Content-Type: message/delivery-status',
        'Content-Transfer-Encoding: 7bit',
        '',
        'Reporting-MTA: dns; mail.example.org',
        'Arrival-Date: Sat, 21 Nov 2026 11:59:00 +0000',
        '',
        'Final-Recipient: rfc822; bob@example.net',
        'Action: failed',
        'Status: 5.1.1',
        'Remote-MTA: dns; mx.example.net',
        'Diagnostic-Code: smtp; 550 5.1.1 <bob@example.net>: Recipient address',
        ' rejected: User unknown',
        'Last-Attempt-Date: Sat, 21 Nov 2026 11:59:30 +0000',
        '',
        '--BOUNDARY',
        'Content-Type: text/rfc822-headers',
        'Content-Transfer-Encoding: 7bit',
        '',
        'Message-ID: <42@example.org>',
        'From: Ann <ann@example.org>',
        'To: bob@example.net',
        'Subject: Hello',
        '',
        '--BOUNDARY--',
        '',
      ].join('\r\n'),
    )
  })

  it('is understood by our own reader', () => {
    expect(readReport(writeDsn({ ...base, envelopeId: 'env-7' }))).toEqual({
      kind: 'bounce',
      hasReport: true,
      recipients: [
        {
          address: 'bob@example.net',
          alias: null,
          originalRecipient: null,
          action: 'failed',
          status: '5.1.1',
          pseudoStatus: false,
          replyCode: '550',
          reason: 'user_unknown',
          hard: true,
          diagnostic: '550 5.1.1 <bob@example.net>: Recipient address rejected: User unknown',
          remoteMta: 'mx.example.net',
        },
      ],
      originalMessageId: '<42@example.org>',
      originalEnvelopeId: 'env-7',
      originalHeaders: original.toString().split('\r\n\r\n')[0]?.replace(/\r\n/g, '\n').concat('\n'),
    })
  })

  it('marks itself as automatic, so nobody answers it', () => {
    const { fields } = readHead(writeDsn(base))
    expect(isAutomatic(fields)).toEqual({ automatic: true, kind: 'auto-replied' })
  })

  it('warns of a delay', () => {
    const report = readReport(
      writeDsn({
        ...base,
        recipients: [
          { address: 'bob@example.net', action: 'delayed', status: '4.4.1', willRetryUntil: base.at + 86_400_000 },
        ],
      }),
    )
    expect(report).toMatchObject({ kind: 'delayed', recipients: [{ status: '4.4.1', action: 'delayed', hard: false }] })
  })

  it('takes the types of RFC 6533 for addresses outside ASCII', () => {
    const bytes = writeDsn({
      ...base,
      recipients: [
        { address: 'δοκιμή@παράδειγμα.gr', originalRecipient: 'bob@example.net', action: 'failed', status: '5.1.1' },
      ],
    })
    expect(bytes.toString()).toContain('Content-Type: message/global-delivery-status')
    expect(bytes.toString()).toContain('Final-Recipient: utf-8; δοκιμή@παράδειγμα.gr')
    expect(readReport(bytes)?.recipients[0]).toMatchObject({
      address: 'δοκιμή@παράδειγμα.gr',
      originalRecipient: 'bob@example.net',
      hard: true,
    })
  })

  it('sends back the head of the original and nothing of its body', () => {
    expect(writeDsn(base).toString()).not.toContain('Secret')
  })

  it('lets no value add a field, a line or a part', () => {
    const evil = 'x\r\nBcc: eve@example.com\r\n\r\n--dsn-\r\n'
    const text = fc.oneof(fc.string(), fc.constant(evil), fc.string({ unit: 'binary' }))
    fc.assert(
      fc.property(text, text, text, text, fc.uint8Array({ maxLength: 400 }), (host, to, address, diagnostic, head) => {
        const recipient = {
          address,
          diagnostic,
          remoteMta: host,
          originalRecipient: to,
          status: to,
          action: 'failed' as const,
        }
        const bytes = writeDsn({
          ...base,
          host,
          to,
          messageId: host,
          envelopeId: to,
          recipients: [recipient],
          original: head,
        })
        const { fields, stray } = readHead(bytes)
        expect(stray).toBe(0)
        expect(fields.map((f) => f.name.toLowerCase())).toEqual(
          expect.not.arrayContaining(['bcc', 'cc', 'content-transfer-encoding']),
        )
        expect(findField(fields, 'auto-submitted')).toBeDefined()
        const written = bytes.toString('latin1')
        const boundary = /boundary="([^"]+)"/.exec(written)?.[1] ?? ''
        expect(written.split(`--${boundary}\r\n`)).toHaveLength(4)
        expect(written).not.toMatch(/[^\r]\n|\r[^\n]/)
        expect(written).not.toMatch(/[^\n]{1000}/)
      }),
    )
  })
})
