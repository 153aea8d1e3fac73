import { expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'
import { buildMailbox } from '../../../test/support/builders.ts'
import { fates, send } from '../../../test/support/outbound.ts'
import type { RecipientReply } from './mail-sender.ts'
import { DeliveryWorker } from './worker.ts'

const HOUR = 3_600_000
const direct = { settings: { route: { kind: 'direct' as const } } }
const resting = (retryAfterSeconds: number): Omit<RecipientReply, 'recipient'> => ({
  ...{ result: 'untried', host: 'mx.slow.test', replyCode: 421, enhancedCode: '4.7.0', text: 'Slow down' },
  retryAfterSeconds,
})

const deliveriesOf = (t: TestApp, { messageId }: Awaited<ReturnType<typeof send>>) =>
  t.app.store.read.outbound.ofMessage(messageId)

test('what was not tried is no attempt, and is tried when its destination has rested', async () => {
  await using t = await testApp(direct)
  const box = await buildMailbox(t.app.store)
  t.answers.set('ada@slow.test', resting(30))
  const sent = await send(t, box, 'ada@slow.test', 'bo@quick.test')
  await using worker = new DeliveryWorker(t.app)
  await worker.idle()
  expect(await fates(t, sent)).toEqual(['ada@slow.test sending', 'bo@quick.test sent'])
  const [waiting] = await deliveriesOf(t, sent)
  expect(waiting).toMatchObject({ attemptCount: 0, attempts: [] })
  t.answers.clear()
  t.clock.advance(29_999)
  await worker.idle()
  expect(t.handedOver.filter((c) => c.recipients.includes('ada@slow.test'))).toHaveLength(1)
  t.clock.advance(1)
  await worker.idle()
  expect(await fates(t, sent)).toEqual(['ada@slow.test sent', 'bo@quick.test sent'])
  expect((await deliveriesOf(t, sent))[0]).toMatchObject({ attemptCount: 1, attempts: [{ host: 'smarthost.test' }] })
})

test('while a destination rests, the rest of its queue is left where it is', async () => {
  await using t = await testApp(direct)
  const box = await buildMailbox(t.app.store)
  for (let i = 0; i < 100; i++) t.answers.set(`r${i}@slow.test`, resting(3600))
  for (let i = 0; i < 100; i++) await send(t, box, `r${i}@slow.test`)
  await using worker = new DeliveryWorker(t.app)
  await worker.idle()
  // As many as may be under way at once have asked; nobody else need.
  expect(t.handedOver).toHaveLength(5)
  t.clock.advance(60_002)
  await worker.idle()
  expect(t.handedOver).toHaveLength(5)
  const { items } = await t.app.store.read.outbound.queue({ limit: 200 })
  expect(new Set(items.map((d) => `${d.status} ${d.attemptCount}`))).toEqual(new Set(['queued 0']))
  t.answers.clear()
  t.clock.advance(HOUR)
  await worker.idle()
  expect(await t.app.store.read.outbound.depth()).toBe(0)
})

test('a shutdown gives back what was not tried', async () => {
  await using t = await testApp(direct)
  t.answers.set('ada@slow.test', resting(30))
  const sent = await send(t, await buildMailbox(t.app.store), 'ada@slow.test')
  await t.work()
  expect(await deliveriesOf(t, sent)).toMatchObject([{ status: 'queued', attemptCount: 0, leaseUntil: null }])
})

test('an attempt that is refused keeps its place in the calendar however often it then was not tried', async () => {
  await using t = await testApp(direct)
  t.answers.set('ada@slow.test', { ...resting(60), result: 'temporary' })
  const sent = await send(t, await buildMailbox(t.app.store), 'ada@slow.test')
  await t.work()
  const [first] = await deliveriesOf(t, sent)
  t.answers.set('ada@slow.test', resting(60))
  for (let i = 0; i < 10; i++) {
    t.clock.advance(HOUR)
    await t.work()
  }
  expect(await deliveriesOf(t, sent)).toMatchObject([{ attemptCount: 1, nextAttemptAt: first?.nextAttemptAt }])
})

test('what is never tried is given up an hour after its last attempt was due, with the reason', async () => {
  await using t = await testApp(direct)
  t.answers.set('ada@slow.test', resting(60))
  const sent = await send(t, await buildMailbox(t.app.store), 'ada@slow.test')
  t.clock.advance(48.9 * HOUR)
  await t.work()
  expect(await fates(t, sent)).toEqual(['ada@slow.test queued'])
  t.clock.advance(0.1 * HOUR)
  await t.work()
  expect(await deliveriesOf(t, sent)).toMatchObject([
    {
      status: 'failed',
      attempts: [{ host: 'mx.slow.test', replyCode: 421, enhancedCode: '4.7.0', text: 'Slow down' }],
    },
  ])
})
