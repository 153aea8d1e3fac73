import { expect, test } from 'vitest'
import { calendarOf, nextAttemptAt, readRetryAfter } from './calendar.ts'

const times = (style: 'agents' | 'automation', random: number) => {
  const calendar = calendarOf(style)
  return Array.from({ length: 8 }, (_, i) => nextAttemptAt(calendar, i + 1, 0, random))
}

test('agents are told eight times, over about 28 hours', () => {
  const waits = [5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 36_000_000]
  expect(times('agents', 0.5)).toEqual([...waits, null])
  expect(times('agents', 0)).toEqual([...waits.map((wait) => Math.round(wait * 0.9)), null])
  expect(times('agents', 1)).toEqual([...waits.map((wait) => Math.round(wait * 1.1)), null])
})

test('automations are told six times, over about seven hours', () => {
  const waits = [10_000, 60_000, 600_000, 3_600_000, 21_600_000]
  expect(times('automation', 0.5)).toEqual([...waits, null, null, null])
  expect(times('automation', 0)).toEqual([...waits.map((wait) => Math.round(wait * 0.8)), null, null, null])
})

test('Retry-After makes a wait longer, never shorter, and is bounded', () => {
  const agents = calendarOf('agents')
  expect(nextAttemptAt(agents, 1, 0, 0.5, 90)).toBe(90_000)
  expect(nextAttemptAt(agents, 2, 0, 0.5, 90)).toBe(300_000)
  expect(nextAttemptAt(agents, 1, 0, 0.5, 10 ** 8)).toBe(86_400_000)
  expect(nextAttemptAt(calendarOf('automation'), 1, 0, 0.5, 10 ** 8)).toBe(21_600_000)
  expect(nextAttemptAt(agents, 8, 0, 0.5, 90)).toBeNull()
})

test('Retry-After is read as seconds or as a date', () => {
  const now = Date.parse('1994-11-06T08:49:07Z')
  const table: [string | null, number | null][] = [
    ['120', 120],
    [' 0 ', 0],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 30],
    ['Sun, 06 Nov 1994 08:00:00 GMT', 0],
    ['soon', null],
    ['-5', null],
    ['1.5', null],
    ['99999999999', null],
    ['', null],
    [null, null],
  ]
  for (const [field, seconds] of table) expect([field, readRetryAfter(field, now)]).toEqual([field, seconds])
})
