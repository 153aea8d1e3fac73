import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DELAY_NOTICE_AFTER_MS, GIVE_UP_AFTER_MS, nextAttemptAt, retryAfterMinutes } from './backoff.ts'

const MINUTE = 60_000

test('the waits grow from a minute to four hours', () => {
  const waits = Array.from({ length: 12 }, (_, i) => (nextAttemptAt(0, i + 1, 0, 0.5) ?? 0) / MINUTE)
  expect(waits).toEqual([1, 2, 5, 10, 20, 40, 60, 120, 240, 240, 240, 240])
})

test('a wait varies by a fifth either way', () => {
  expect(nextAttemptAt(0, 1, 0, 0)).toBe(48_000)
  expect(nextAttemptAt(0, 1, 0, 1)).toBe(72_000)
})

test('there is a last attempt at 48 hours and none after it', () => {
  const late = GIVE_UP_AFTER_MS - MINUTE
  expect(nextAttemptAt(0, 20, late, 0.5)).toBe(GIVE_UP_AFTER_MS)
  expect(nextAttemptAt(0, 21, GIVE_UP_AFTER_MS, 0.5)).toBeNull()
})

test('the docs print the table', () => {
  const docs = readFileSync(join(import.meta.dirname, '../../../docs/delivery.md'), 'utf8')
  const rows = retryAfterMinutes.map((minutes, i) => {
    const after = i === retryAfterMinutes.length - 1 ? `${i + 1} and later` : `${i + 1}`
    return `| ${after} | ${minutes < 60 ? `${minutes} min` : `${minutes / 60} h`} |`
  })
  expect(docs).toContain(rows.join('\n'))
  expect(docs).toContain(`first failure after ${DELAY_NOTICE_AFTER_MS / 3_600_000} h`)
  expect(docs).toContain(`| ${GIVE_UP_AFTER_MS / 3_600_000} h after the send |`)
})
