import { expect, test } from 'vitest'
import type { OrgId } from '../ids.ts'
import { Lanes, type Load, laneName } from './lanes.ts'

const load = (domain: string, claimedAt = 0, slots = 2, sizeBytes = 0, key = `${Math.random()}`): Load => ({
  ...{ lane: { domain, orgId: null }, slots, deliveries: [], claimedAt },
  ...{ bytes: { key, sizeBytes }, route: null },
})
const newLanes = (loads: number, bytes = 100) => new Lanes({ loads, bytes })

function startAll(lanes: Lanes, now = 1000): Load[] {
  const started: Load[] = []
  for (let next = lanes.start(now); next; next = lanes.start(now)) started.push(next)
  return started
}

test('a lane starts no more than its slots, and the others go on', () => {
  const lanes = newLanes(10)
  for (const name of ['slow', 'slow', 'slow', 'quick']) lanes.add(load(name))
  expect(startAll(lanes).map((l) => l.lane.domain)).toEqual(['slow', 'quick', 'slow'])
  expect({ waiting: lanes.waiting, busy: lanes.busy().map(laneName) }).toEqual({ waiting: 1, busy: ['slow'] })
})

test('a finished load makes room for the next of its lane', () => {
  const lanes = newLanes(10)
  for (let i = 0; i < 3; i++) lanes.add(load('a', i))
  const [first] = startAll(lanes)
  lanes.finish(first!)
  expect(startAll(lanes).map((l) => l.claimedAt)).toEqual([2])
})

test('all lanes together keep to the whole', () => {
  const lanes = newLanes(3)
  for (let i = 0; i < 5; i++) lanes.add(load(`lane ${i}`))
  expect(startAll(lanes)).toHaveLength(3)
  expect(lanes.full).toBe(true)
})

test('what has waited too long can be taken out, and an empty lane is forgotten', () => {
  const lanes = newLanes(10)
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

test('a lane that rests lets the others go on, and begins again with what came back', () => {
  const lanes = newLanes(10)
  for (const at of [1, 2]) lanes.add(load('slow', at, 1))
  const [first] = startAll(lanes)
  lanes.finish(first!)
  lanes.putBack(first!, 5000)
  lanes.add(load('quick', 3))
  expect(startAll(lanes).map((l) => l.claimedAt)).toEqual([3])
  expect({ end: lanes.nextRestEnd, oldest: lanes.oldest, waiting: lanes.waiting }).toEqual({
    end: 5000,
    oldest: 1,
    waiting: 2,
  })
  lanes.wake(5000)
  expect(startAll(lanes, 5000).map((l) => l.claimedAt)).toEqual([1])
})

test('a rest is kept in mind when nothing waits, and forgotten when it is over', () => {
  const lanes = newLanes(10)
  lanes.add(load('slow'))
  const [first] = startAll(lanes)
  lanes.finish(first!)
  lanes.putBack(first!, 5000)
  lanes.drop()
  expect(lanes.busy().map(laneName)).toEqual(['slow'])
  lanes.wake(5000)
  expect({ busy: lanes.busy(), end: lanes.nextRestEnd }).toEqual({ busy: [], end: undefined })
})

test('the own way of an organization has a lane of its own', () => {
  const lanes = newLanes(10)
  const [own, common] = [load('a', 1, 1), load('a', 2, 1)]
  lanes.add({ ...own, lane: { domain: 'a', orgId: '0190a1b2-0000-7000-8000-000000000000' as OrgId } })
  lanes.add(common)
  expect(startAll(lanes)).toHaveLength(2)
})

test('messages that are too large together go one after the other, and small ones pass them', () => {
  const lanes = newLanes(10, 100)
  for (const size of [60, 50]) lanes.add(load(`large ${size}`, size, 2, size))
  lanes.add(load('small', 1, 2, 1))
  const started = startAll(lanes)
  expect(started.map((l) => l.claimedAt)).toEqual([60, 1])
  lanes.finish(started[0]!)
  expect(startAll(lanes).map((l) => l.claimedAt)).toEqual([50])
})

test('what is larger than the whole goes alone', () => {
  const lanes = newLanes(10, 100)
  lanes.add(load('huge', 1, 2, 500))
  lanes.add(load('small', 2, 2, 1))
  const [huge] = startAll(lanes)
  expect([huge?.claimedAt, lanes.waiting]).toEqual([1, 1])
  lanes.finish(huge!)
  expect(startAll(lanes)).toHaveLength(1)
})

test('one message to many destinations counts once', () => {
  const lanes = newLanes(10, 100)
  for (let i = 0; i < 5; i++) lanes.add(load(`lane ${i}`, 0, 2, 80, 'same'))
  const started = startAll(lanes)
  expect(started).toHaveLength(5)
  for (const done of started) lanes.finish(done)
  lanes.add(load('a', 0, 2, 100))
  expect(startAll(lanes)).toHaveLength(1)
})
