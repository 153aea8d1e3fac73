import { expect, test } from 'vitest'
import { manualClock } from '../../../test/support/clock.ts'
import { Pace } from './pace.ts'

/** How many go until one has to wait, and how long. */
function goUntilStopped(pace: Pace): [number, number] {
  for (let gone = 0; ; gone++) {
    const waitMs = pace.take()
    if (waitMs > 0) return [gone, waitMs]
  }
}

test('a tenth of a minute goes at once, then a second brings a sixtieth', () => {
  const clock = manualClock()
  const pace = new Pace(clock, 600)
  expect(goUntilStopped(pace)).toEqual([60, 1000])
  clock.advance(1000)
  expect(goUntilStopped(pace)).toEqual([10, 1000])
  clock.advance(3_600_000)
  expect(goUntilStopped(pace)).toEqual([60, 1000])
})

test('one a minute is one a minute', () => {
  const clock = manualClock()
  const pace = new Pace(clock, 1)
  expect(goUntilStopped(pace)).toEqual([1, 60_000])
  clock.advance(45_000)
  expect(goUntilStopped(pace)).toEqual([0, 15_000])
  clock.advance(15_000)
  expect(goUntilStopped(pace)[0]).toBe(1)
})

test('a clock that is set back stops nothing for longer', () => {
  const clock = manualClock()
  const pace = new Pace(clock, 60)
  goUntilStopped(pace)
  clock.advance(-3_600_000)
  expect(goUntilStopped(pace)[0]).toBe(0)
  clock.advance(1000)
  expect(goUntilStopped(pace)[0]).toBe(1)
})
