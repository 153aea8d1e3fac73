import { expect, test } from 'vitest'
import { testApp } from '../../../test/support/app.ts'
import { buildMailbox } from '../../../test/support/builders.ts'
import { StatisticsWorker } from './worker.ts'

test('what comes is counted at once, and what keeps coming twice a second', async () => {
  await using t = await testApp()
  await using worker = new StatisticsWorker(t.app)
  const box = await buildMailbox(t.app.store, undefined, { domain: 'posthouse.test' })
  const received = async () => {
    await worker.idle()
    const now = Math.floor(t.clock.now() / 1000)
    const span = { from: now - 60, to: now + 60, period: 86_400 }
    const counts = await t.app.store.read.statistics.counts(box.id, ['message.received'], span)
    return counts.reduce((sum, { count }) => sum + count, 0)
  }
  await worker.idle()
  t.clock.advance(1_000)
  await t.mail(box.address, 'Subject: first\n\nx')
  await expect.poll(received).toBe(1)
  await t.mail(box.address, 'Subject: second\n\nx')
  expect(await received()).toBe(1)
  t.clock.advance(1_000)
  await expect.poll(received).toBe(2)
})

test('what is too old to be asked for is dropped', async () => {
  await using t = await testApp()
  const box = await buildMailbox(t.app.store, undefined, { domain: 'posthouse.test' })
  const then = Math.floor(t.clock.now() / 1000)
  await t.mail(box.address, 'Subject: old\n\nx')
  await t.work()
  const counted = () =>
    t.app.store.read.statistics.counts(box.id, ['message.received'], { from: then - 60, to: then + 60, period: 60 })
  expect(await counted()).toHaveLength(1)
  t.clock.advance(92 * 24 * 3_600_000)
  await t.work()
  expect(await counted()).toEqual([])
})
