import { expect, test } from 'vitest'
import { bite } from './contents-within.ts'
import type { Message } from './model.ts'

const ofSizes = (...sizes: number[]) => sizes.map((sizeBytes) => ({ sizeBytes }) as Message)

test.each([
  ['all that fit', [3, 3, 4], 3],
  ['those before the one that is too much', [3, 3, 5, 1], 2],
  ['one that is too much alone', [11, 1], 1],
  ['no more than so many', [1, 1, 1, 1, 1], 4],
  ['nothing of nothing', [], 0],
])('a bite is %s', (_, sizes, count) => {
  expect(bite(ofSizes(...sizes), 10, 4)).toBe(count)
})
