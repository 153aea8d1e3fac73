import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hashBody } from './body-hash.ts'
import type { Canonicalization } from './canonical-header.ts'

const sha256 = (text: string) => createHash('sha256').update(text, 'latin1').digest('hex')

const whole = (body: string, canonicalization: Canonicalization) => {
  const { length, digests } = hashBody(Buffer.from(body, 'latin1'), canonicalization, 'sha256', [])
  return { length, digest: digests.get(Number.POSITIVE_INFINITY)!.toString('hex') }
}

test.each<[Canonicalization, string, string]>([
  // RFC 6376 §3.4.5
  ['relaxed', ' C \r\nD \t E\r\n\r\n\r\n', ' C\r\nD E\r\n'],
  ['simple', ' C \r\nD \t E\r\n\r\n\r\n', ' C \r\nD \t E\r\n'],
  // RFC 6376 §3.4.3, §3.4.4
  ['relaxed', '', ''],
  ['simple', '', '\r\n'],
  ['relaxed', '\r\n\r\n', ''],
  ['relaxed', ' \r\n\t\r\n \t', ''],
  ['simple', '\r\n\r\n', '\r\n'],
  ['simple', ' \r\n', ' \r\n'],
  ['relaxed', 'a', 'a\r\n'],
  ['simple', 'a', 'a\r\n'],
  ['relaxed', 'a \t', 'a\r\n'],
  ['relaxed', 'a\r\n \t\r\n', 'a\r\n'],
  ['relaxed', '\r\na', '\r\na\r\n'],
  ['relaxed', 'a\rb \r c\n\n', 'a\rb \r c\n\n\r\n'],
  ['simple', 'a\n\r\n\r\n', 'a\n\r\n'],
])('%s body %j is hashed as %j', (canonicalization, body, canonical) => {
  expect(whole(body, canonicalization)).toEqual({ length: canonical.length, digest: sha256(canonical) })
})

// The definition in RFC 6376 §3.4.4, step by step.
function relaxedByTheBook(body: string): string {
  const lines = body
    .replace(/[ \t]+/g, ' ')
    .split('\r\n')
    .map((line) => line.replace(/ $/, ''))
  while (lines.at(-1) === '') lines.pop()
  return lines.map((line) => `${line}\r\n`).join('')
}

test('a relaxed body of any bytes and size is hashed as the standard defines it', () => {
  const piece = fc.constantFrom('\r\n', ' ', '\t', 'a', '\r', '\n', 'b'.repeat(16_383), ' '.repeat(16_385), '\xe4')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const body = pieces.join('')
      const canonical = relaxedByTheBook(body)
      expect(whole(body, 'relaxed')).toEqual({ length: canonical.length, digest: sha256(canonical) })
    }),
    { numRuns: 300 },
  )
})

test('every limit gets the hash of that many octets, a limit beyond the body none', () => {
  const canonical = 'a b\r\nc\r\n'
  const { length, digests } = hashBody(Buffer.from('a  b \r\nc\r\n\r\n'), 'relaxed', 'sha256', [3, 0, 8, 3, 9])
  expect(length).toBe(8)
  expect(digests.size).toBe(4)
  for (const limit of [0, 3, 8]) expect(digests.get(limit)?.toString('hex')).toBe(sha256(canonical.slice(0, limit)))
  expect(digests.get(9)).toBeUndefined()
  expect(hashBody(Buffer.from(''), 'relaxed', 'sha256', [0]).digests.get(0)?.toString('hex')).toBe(sha256(''))
})
