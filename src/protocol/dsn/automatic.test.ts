import { describe, expect, it } from 'vitest'
import { readHead } from '../mime/header-fields.ts'
import { isAutomatic } from './automatic.ts'

const kindOf = (...lines: string[]) => isAutomatic(readHead(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)).fields).kind

describe('whether a program wrote a message', () => {
  it.each([
    [['Subject: Lunch'], null],
    [['Auto-Submitted: no', 'Subject: Lunch'], null],
    [['Auto-Submitted: auto-generated'], 'auto-generated'],
    [['Auto-Submitted: Auto-Replied; owner-email="a@b"'], 'auto-replied'],
    [['Auto-Submitted: auto-notified'], 'auto-generated'],
    [['X-Autoreply: yes'], 'auto-replied'],
    [['X-Autorespond:'], 'auto-replied'],
    [['X-Autoreply: no'], null],
    [['Precedence: auto_reply'], 'auto-replied'],
    [['Precedence: bulk'], 'bulk'],
    [['Precedence: junk'], 'bulk'],
    [['Precedence: first-class'], null],
    [['List-Unsubscribe: <mailto:u@example.org>'], 'bulk'],
    [['List-Id: <l.example.org>', 'Precedence: bulk'], 'list'],
    [['Precedence: list'], 'list'],
    [['Precedence: bulk', 'Subject: Out of office: Bob'], 'auto-replied'],
    [['X-Auto-Response-Suppress: All'], 'auto-generated'],
    [['X-Auto-Response-Suppress: None'], null],
    [['Content-Type: multipart/report; report-type=disposition-notification; boundary=x'], 'auto-replied'],
    [['Content-Type: multipart/report; report-type=feedback-report; boundary=x'], 'auto-generated'],
    [['Return-Path: <>'], 'auto-generated'],
    [['From: Mail Delivery System <MAILER-DAEMON@example.org>'], 'auto-generated'],
    [['X-Failed-Recipients: a@example.org'], 'auto-generated'],
    [['Subject: Abwesenheitsnotiz: Urlaub'], 'auto-replied'],
    [['Subject: =?utf-8?B?6Ieq5YuV5b+c562U?='], 'auto-replied'],
    [['Subject: Re: Out of office: Bob'], null],
    [['Subject: Out of office plans for Friday'], null],
  ])('%j gives %s', (lines, kind) => expect(kindOf(...lines)).toBe(kind))
})
