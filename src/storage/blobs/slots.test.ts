import { expect, test } from 'vitest'
import { Slots } from './slots.ts'

const never = new AbortController().signal

test('so many run at once, and the others follow in their order', async () => {
  const slots = new Slots(2)
  const order: number[] = []
  let [running, peak] = [0, 0]
  const work = (i: number) => async () => {
    peak = Math.max(peak, ++running)
    order.push(i)
    await Promise.resolve()
    running--
  }
  await Promise.all([1, 2, 3, 4, 5].map((i) => slots.run(never, work(i))))
  expect({ order, peak }).toEqual({ order: [1, 2, 3, 4, 5], peak: 2 })
})

test('work that fails gives its slot back', async () => {
  const slots = new Slots(1)
  await expect(slots.run(never, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await slots.run(never, async () => 'next')).toBe('next')
})

test('whoever gives up waiting never starts and takes no slot', async () => {
  const slots = new Slots(1)
  const first = Promise.withResolvers<void>()
  const held = slots.run(never, () => first.promise)
  const impatient = new AbortController()
  let started = false
  const waiting = slots.run(impatient.signal, async () => {
    started = true
  })
  impatient.abort(new Error('too late'))
  await expect(waiting).rejects.toThrow('too late')
  first.resolve()
  await held
  expect(await slots.run(never, async () => started)).toBe(false)
})
