import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseDmarcRecord } from './record.ts'

const DEFAULTS = {
  p: 'none',
  sp: 'none',
  np: 'none',
  strictDkim: false,
  strictSpf: false,
  psd: 'u',
  testing: false,
  usable: true,
}

test.each([
  ['v=DMARC1', {}],
  [
    'V = DMARC1 ; P = Reject ; ADKIM=s;aspf=S',
    { p: 'reject', sp: 'reject', np: 'reject', strictDkim: true, strictSpf: true },
  ],
  ['v=DMARC1; p=reject; sp=quarantine', { p: 'reject', sp: 'quarantine', np: 'quarantine' }],
  ['v=DMARC1; p=none; np=reject', { np: 'reject' }],
  ['v=DMARC1; sp=reject', { sp: 'reject', np: 'reject' }],
  ['v=DMARC1; p=reject; psd=y; t=y', { p: 'reject', sp: 'reject', np: 'reject', psd: 'y', testing: true }],
  ['v=DMARC1; p=quarantine; p=reject', { p: 'quarantine', sp: 'quarantine', np: 'quarantine' }],
  ['v=DMARC1;;=x; p; nonsense; adkim=x; psd=maybe; p=none', {}],
  ['v=DMARC1; p=rejekt', { usable: false }],
  ['v=DMARC1; p=reject; sp=all; rua=mailto:a@example.com', {}],
  ['v=DMARC1; p=reject; np=; rua=postmaster', { usable: false }],
])('%s is read', (text, record) => {
  expect(parseDmarcRecord(text)).toEqual({ ...DEFAULTS, ...record })
})

test.each([
  '',
  'p=reject; v=DMARC1',
  'v=dmarc1; p=none',
  'v=DMARC2; p=none',
  'v=DMARC1 p=none',
  ' v=DMARC1',
  'v=DMARC10',
  'v=spf1 -all',
])('%j is no policy record', (text) => {
  expect(parseDmarcRecord(text)).toBeNull()
})

test('anything behind the version is read without an error', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (rest) => {
      expect(parseDmarcRecord(`v=DMARC1;${rest}`)).toMatchObject({ usable: expect.any(Boolean) })
    }),
  )
})
