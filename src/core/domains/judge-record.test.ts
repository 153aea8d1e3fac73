import { describe, expect, test } from 'vitest'
import type { DnsRecord } from './dns-records.ts'
import { judgeMx, judgeTxt } from './judge-record.ts'

const record = (purpose: DnsRecord['purpose'], value: string): DnsRecord => ({
  ...{ type: 'TXT', purpose, key: 'k', name: 'shop.test', value, strings: [], priority: null, required: true },
})
const brief = ({ status, reason }: { status: string; reason: string | null }) =>
  reason === null ? status : `${status} ${reason}`

describe('MX', () => {
  const mx = (priority: number, exchange: string) => ({ priority, exchange })
  test.each([
    [[mx(10, 'mail.posthouse.test')], 'valid'],
    [[mx(1, 'Mail.Posthouse.TEST')], 'valid'],
    [[mx(10, 'other.test'), mx(10, 'mail.posthouse.test')], 'valid'],
    [[mx(20, 'other.test'), mx(10, 'mail.posthouse.test')], 'valid'],
    [[mx(5, 'other.test'), mx(10, 'mail.posthouse.test')], 'invalid mismatch'],
    [[mx(10, 'other.test')], 'invalid mismatch'],
    [[mx(0, '')], 'invalid mismatch'],
  ])('%j is %s', (records, verdict) => {
    expect(brief(judgeMx(records, 'mail.posthouse.test'))).toBe(verdict)
  })

  test('what is there is told with its preference', () => {
    expect(judgeMx([mx(5, 'a.test'), mx(0, '')], 'b.test').found).toEqual(['5 a.test', '0 .'])
  })
})

describe('SPF', () => {
  test.each([
    [[], 'missing'],
    [['google-site-verification=x'], 'missing'],
    [['v=spf1 mx ~all'], 'valid'],
    [['other', 'V=SPF1 +MX -all'], 'valid'],
    [['v=spf1 include:_spf.example.com ip4:192.0.2.0/24 mx -all'], 'valid'],
    [['v=spf1 mx:shop.test -all'], 'valid'],
    [['v=spf1 mx'], 'valid'],
    [['v=spf1 -mx -all'], 'invalid mismatch'],
    [['v=spf1 ?mx -all'], 'invalid mismatch'],
    [['v=spf1 mx:other.test -all'], 'invalid mismatch'],
    [['v=spf1 -all mx'], 'invalid mismatch'],
    [['v=spf1 redirect=mx'], 'invalid mismatch'],
    [['v=spf1 mx foo:bar -all'], 'invalid mismatch'],
    [['v=spf1'], 'invalid mismatch'],
    [['v=spf1 mx ~all', 'v=spf1 -all'], 'invalid duplicate'],
  ])('%j is %s', (texts, verdict) => {
    expect(brief(judgeTxt(record('spf', 'v=spf1 mx ~all'), texts))).toBe(verdict)
  })
})

describe('DKIM', () => {
  const ours = 'v=DKIM1; k=rsa; p=QUJDREVGRw=='
  test.each([
    [[ours], 'valid'],
    [['p=QUJDREVGRw=='], 'valid'],
    [['v=DKIM1;k=rsa;p=QUJD REVG\tRw==;'], 'valid'],
    [['v=DKIM1; k=rsa; p=QUJDREVGR'], 'invalid mismatch'],
    [['v=DKIM1; k=rsa; p='], 'invalid mismatch'],
    [['v=DKIM2; k=rsa; p=QUJDREVGRw=='], 'invalid mismatch'],
    [['hello'], 'invalid mismatch'],
    [[''], 'invalid mismatch'],
    [[ours, 'v=DKIM1; p=T1RIRVI='], 'invalid duplicate'],
  ])('%j is %s', (texts, verdict) => {
    expect(brief(judgeTxt(record('dkim', ours), texts))).toBe(verdict)
  })
})

describe('DMARC', () => {
  test.each([
    [['v=DMARC1; p=none; rua=mailto:postmaster@shop.test'], 'valid'],
    [['v=DMARC1; p=reject'], 'valid'],
    [['v=DMARC1; p=quarantine; adkim=s; aspf=s', 'other'], 'valid'],
    [['v=DMARC1; p=nonsense'], 'invalid mismatch'],
    [['v=DMARC2; p=none'], 'invalid mismatch'],
    [['other'], 'invalid mismatch'],
    [['v=DMARC1; p=none', 'v=DMARC1; p=reject'], 'invalid duplicate'],
  ])('%j is %s', (texts, verdict) => {
    expect(brief(judgeTxt(record('dmarc', ''), texts))).toBe(verdict)
  })
})

test('what is found is shown as UTF-8, a little of it, and nothing can inflate it', () => {
  const many = Array.from({ length: 50 }, () => Buffer.from(`Grüße ${'x'.repeat(5000)}`).toString('latin1'))
  const { found } = judgeTxt(record('dkim', 'p=QQ=='), many)
  expect(found).toHaveLength(10)
  expect(found[0]).toHaveLength(1024)
  expect(found[0]).toContain('Grüße')
})
