import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readVerp, verpAddress } from './verp.ts'

const key = Buffer.alloc(32, 1)
const older = Buffer.alloc(32, 2)
const deliveryId = '0195f3a0-1c2b-7d3e-8f40-0123456789ab'
const address = verpAddress({ deliveryId, domain: 'mail.example.org', key })

describe('VERP return paths', () => {
  it('give back the delivery they were made for', () => {
    expect(readVerp(address, [key])).toBe(deliveryId)
  })

  it('fit into a local part of 64 octets', () => {
    expect(address.indexOf('@')).toBeLessThanOrEqual(64)
    expect(address).toMatch(/^b-[a-z2-7]{42}@mail\.example\.org$/)
  })

  it('survive a change of case', () => {
    expect(readVerp(address.toUpperCase(), [key])).toBe(deliveryId)
  })

  it('are read with any of the keys', () => {
    expect(readVerp(address, [older, key])).toBe(deliveryId)
    expect(readVerp(address, [key, older])).toBe(deliveryId)
    expect(readVerp(address, [older])).toBeNull()
    expect(readVerp(address, [])).toBeNull()
  })

  it('say nothing at another domain', () => {
    expect(readVerp(address.replace('mail.', ''), [key])).toBeNull()
  })

  it('are refused when any one character is changed', () => {
    for (let i = 2; i < address.indexOf('@'); i++) {
      const changed = address.slice(0, i) + (address[i] === 'a' ? 'b' : 'a') + address.slice(i + 1)
      expect(readVerp(changed, [key])).toBeNull()
    }
  })

  it.each(['', '@', 'b-@mail.example.org', 'someone@mail.example.org', `${'b-'.padEnd(44, 'a')}@mail.example.org`])(
    'are not what %j is',
    (other) => expect(readVerp(other, [key])).toBeNull(),
  )

  it('come back for every UUID', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.uint8Array({ minLength: 1, maxLength: 64 }), (id, anyKey) => {
        expect(readVerp(verpAddress({ deliveryId: id, domain: 'x.example', key: anyKey }), [anyKey])).toBe(id)
      }),
    )
  })

  it('are null for any other text', () => {
    fc.assert(fc.property(fc.string(), (text) => readVerp(text, [key]) === null))
  })
})
