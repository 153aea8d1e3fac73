import { expect, test } from 'vitest'
import { waitAfterFetch } from './poll-plan.ts'

const good = { intervalMinutes: 5, problem: null, failures: 0, more: false }
const minutes = (polled: Partial<Parameters<typeof waitAfterFetch>[0]>, random = 0.5) =>
  waitAfterFetch({ ...good, ...polled }, random) / 60_000

test('a source is fetched at its interval, a tenth sooner or later', () => {
  expect([minutes({}, 0), minutes({}), minutes({}, 1)]).toEqual([4.5, 5, 5.5])
})

test('a folder that holds more than one fetch takes is gone on with soon', () => {
  expect(minutes({ more: true })).toBe(1 / 6)
  expect(minutes({ more: true, problem: 'protocol', failures: 1 })).toBe(10)
})

test('a wrong password is tried less and less often, down to once a day', () => {
  const waits = [1, 2, 3, 4, 9, 500].map((failures) => minutes({ problem: 'auth', failures }))
  expect(waits).toEqual([10, 20, 40, 80, 1440, 1440])
})

test('a server that does not answer is tried again within the hour', () => {
  const waits = [1, 2, 10].map((failures) => minutes({ problem: 'connect_timeout', failures }))
  expect(waits).toEqual([10, 20, 60])
})

test('no failure makes an interval shorter', () => {
  expect(minutes({ intervalMinutes: 720, problem: 'dns', failures: 3 })).toBe(720)
  expect(minutes({ intervalMinutes: 1440, problem: 'auth', failures: 3 })).toBe(1440)
})
