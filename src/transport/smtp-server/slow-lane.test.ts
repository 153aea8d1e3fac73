import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { SlowLane } from './slow-lane.ts'

test('a few go on in each turn of the event loop, in their order, and who is alone waits for one turn', async () => {
  const lane = new SlowLane()
  const order: number[] = []
  for (let i = 0; i < 10; i++) void lane.turn().then(() => order.push(i))
  const seen = [order.length]
  for (let i = 0; i < 3; i++) {
    await setImmediate()
    seen.push(order.length)
  }
  expect([seen, order]).toEqual([
    [0, 4, 8, 10],
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  ])
  let alone = false
  void lane.turn().then(() => {
    alone = true
  })
  await setImmediate()
  expect(alone).toBe(true)
})
