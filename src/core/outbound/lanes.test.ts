import { expect, test } from 'vitest'
import { Lanes, type Load } from './lanes.ts'

const load = (lane: string, claimedAt = 0, slots = 2): Load => ({ lane, slots, deliveries: [], claimedAt })

function startAll(lanes: Lanes): Load[] {
  const started: Load[] = []
  for (let next = lanes.start(); next; next = lanes.start()) started.push(next)
  return started
}

test('a lane starts no more than its slots, and the others go on', () => {
  const lanes = new Lanes(10)
  for (const name of ['slow', 'slow', 'slow', 'quick']) lanes.add(load(name))
  expect(startAll(lanes).map((l) => l.lane)).toEqual(['slow', 'quick', 'slow'])
  expect({ waiting: lanes.waiting, busy: lanes.busy() }).toEqual({ waiting: 1, busy: ['slow'] })
})

test('a finished load makes room for the next of its lane', () => {
  const lanes = new Lanes(10)
  for (let i = 0; i < 3; i++) lanes.add(load('a', i))
  const [first] = startAll(lanes)
  lanes.finish(first!)
  expect(startAll(lanes).map((l) => l.claimedAt)).toEqual([2])
})

test('all lanes together keep to the whole', () => {
  const lanes = new Lanes(3)
  for (let i = 0; i < 5; i++) lanes.add(load(`lane ${i}`))
  expect(startAll(lanes)).toHaveLength(3)
  expect(lanes.full).toBe(true)
})

test('what has waited too long can be taken out, and an empty lane is forgotten', () => {
  const lanes = new Lanes(10)
  for (const at of [1, 2, 3, 4]) lanes.add(load('a', at))
  const started = startAll(lanes)
  expect(lanes.oldest).toBe(3)
  expect(lanes.drop(4).map((l) => l.claimedAt)).toEqual([3])
  expect(lanes.drop().map((l) => l.claimedAt)).toEqual([4])
  for (const done of started) lanes.finish(done)
  expect({ busy: lanes.busy(), oldest: lanes.oldest, waiting: lanes.waiting }).toEqual({
    busy: [],
    oldest: undefined,
    waiting: 0,
  })
})
