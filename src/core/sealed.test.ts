import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { seal, unseal } from './sealed.ts'

const key = randomBytes(32)
const place = ['dkim key', 'id-1']

test('a sealed secret opens at its place and shows nothing of itself', () => {
  const sealed = seal(key, place, 'the secret ✓')
  expect(unseal(key, place, sealed)).toBe('the secret ✓')
  expect(Buffer.from(sealed, 'base64').includes('secret')).toBe(false)
})

test('the same secret never gives the same text', () => {
  expect(seal(key, place, 'x')).not.toBe(seal(key, place, 'x'))
})

test('another place, another key or a changed bit opens nothing', () => {
  const sealed = seal(key, place, 'secret')
  const bytes = Buffer.from(sealed, 'base64')
  expect(() => unseal(key, ['dkim key', 'id-2'], sealed)).toThrow()
  expect(() => unseal(key, ['dkim keyid', '-1'], sealed)).toThrow()
  expect(() => unseal(randomBytes(32), place, sealed)).toThrow()
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 1
    expect(() => unseal(key, place, changed.toString('base64'))).toThrow()
  }
})

test('what was never sealed is refused', () => {
  for (const text of ['', 'AQ==', 'plain text']) expect(() => unseal(key, place, text)).toThrow()
})
