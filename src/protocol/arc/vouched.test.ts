import { describe, expect, it } from 'vitest'
import { vouchedFor } from './vouched.ts'

const chain = {
  result: 'pass' as const,
  instances: 2,
  reason: null,
  sealers: ['lists.example.com', 'relay.example.net'],
  results: 'i=2; relay.example.net; spf=pass smtp.mailfrom=x@y.example; dmarc=pass (p=REJECT) header.from=y.example',
}
const trusted = new Set(['relay.example.net'])

describe('vouchedFor', () => {
  it('believes whom we trust', () => {
    expect(vouchedFor(chain, trusted)).toBe(true)
    expect(vouchedFor({ ...chain, sealers: ['RELAY.example.net'] }, trusted)).toBe(true)
  })

  it.each([
    ['a chain that does not pass', { result: 'fail' as const }],
    ['a sealer that nobody knows', { sealers: ['relay.example.net', 'evil.example'] }],
    ['no sealer', { sealers: [] }],
    ['no results', { results: null }],
    ['a failure', { results: 'i=1; relay.example.net; dmarc=fail header.from=y.example' }],
    [
      'a word of the mail in quotes',
      { results: 'i=1; relay.example.net; spf=pass smtp.mailfrom="; dmarc=pass"@y.example' },
    ],
    ['a comment', { results: 'i=1; relay.example.net; dmarc=fail (said; (; dmarc=pass) ; dmarc=pass) x=y' }],
  ])('does not believe %s', (_, fields) => {
    expect(vouchedFor({ ...chain, ...fields }, trusted)).toBe(false)
  })
})
