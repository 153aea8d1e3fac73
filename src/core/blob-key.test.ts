import { expect, test } from 'vitest'
import { newBlobKey, sha256OfKey } from './blob-key.ts'

const sha256 = 'ab'.repeat(32)

test('a key says the hash of its bytes, and no two are the same', () => {
  const keys = Array.from({ length: 1000 }, () => newBlobKey(sha256))
  expect(new Set(keys).size).toBe(1000)
  expect(new Set(keys.map(sha256OfKey))).toEqual(new Set([sha256]))
})

test('a key begins with its time, so that later ones sort behind', () => {
  const before = Date.now()
  const time = Number.parseInt(newBlobKey(sha256).slice(0, 12), 16)
  expect(time).toBeGreaterThanOrEqual(before)
  expect(time).toBeLessThanOrEqual(Date.now())
})

test.each([
  ['the form of older keys', `${sha256}-0123456789abcdef`, sha256],
  ['a path', `../${sha256}-0123456789abcdef`, undefined],
  ['capitals', newBlobKey(sha256).toUpperCase(), undefined],
  ['a hash alone', sha256, undefined],
  ['nothing', '', undefined],
])('%s', (_name, key, hash) => {
  expect(sha256OfKey(key)).toBe(hash)
})
