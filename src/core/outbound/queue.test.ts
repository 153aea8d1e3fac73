import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'
import { buildMailbox } from '../../../test/support/builders.ts'
import { eventsOf, fates, send } from '../../../test/support/outbound.ts'
import type { DeliveryId } from '../ids.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import type { RecipientReply } from './mail-sender.ts'
import { cancelDelivery, listQueue, retryNow } from './queue.ts'
import { DeliveryWorker } from './worker.ts'

const later: Omit<RecipientReply, 'recipient'> = {
  ...{ result: 'temporary', host: 'mx.slow.test', replyCode: 451, enhancedCode: '4.3.2', text: 'Try again later' },
}

describe('the queue in the hands of its operator', () => {
  let it: TestApp
  let box: Mailbox
  let sent: Awaited<ReturnType<typeof send>>
  let ids: DeliveryId[]
  beforeAll(async () => {
    it = await testApp({ settings: { route: { kind: 'direct' } } })
  })
  afterAll(() => it[Symbol.asyncDispose]())
  beforeEach(async () => {
    for (const d of (await listQueue(it.app, { limit: 50 })).items) await cancelDelivery(it.app, d.id)
    it.handedOver.length = 0
    it.answers.set('ada@slow.test', later).set('bo@slow.test', later)
    box = await buildMailbox(it.app.store)
    sent = await send(it, box, 'ada@slow.test', 'bo@slow.test')
    await it.work()
    ids = (await it.app.store.read.outbound.ofMessage(sent.messageId)).map((d) => d.id)
  })

  test('what waits is listed with its attempts, soonest due first, page by page', async () => {
    const { items, total } = await listQueue(it.app, { limit: 1 })
    expect(total).toBe(2)
    expect(items[0]?.attempts[0]).toMatchObject({ host: 'mx.slow.test', replyCode: 451 })
    const rest = await listQueue(it.app, { limit: 9, offset: 1 })
    expect(rest.items[0]?.nextAttemptAt).toBeGreaterThanOrEqual(items[0]?.nextAttemptAt ?? 0)
  })

  test('a message that is hurried is tried at once, by the workers that are there', async () => {
    await using worker = new DeliveryWorker(it.app)
    await worker.idle()
    it.answers.clear()
    expect(await retryNow(it.app, sent.messageId)).toBe(2)
    await expect.poll(() => fates(it, sent)).toEqual(['ada@slow.test sent', 'bo@slow.test sent'])
  })

  test('one delivery is hurried, and a failure puts it back on the calendar', async () => {
    expect(await retryNow(it.app, ids[0] ?? '')).toBe(1)
    await it.work()
    expect(it.handedOver.map((c) => c.recipients.length)).toEqual([2, 1])
    const [first] = await it.app.store.read.outbound.ofMessage(sent.messageId)
    expect(first).toMatchObject({ status: 'queued', attemptCount: 2 })
  })

  test('a cancelled delivery is never tried again', async () => {
    await cancelDelivery(it.app, ids[0] ?? '')
    it.answers.clear()
    await retryNow(it.app, sent.messageId)
    await it.work()
    expect(await fates(it, sent)).toEqual(['ada@slow.test cancelled', 'bo@slow.test sent'])
    await expect(cancelDelivery(it.app, ids[0] ?? '')).rejects.toMatchObject({ code: 'conflict' })
  })

  test('a message whose deliveries are all cancelled is rejected, and nobody gets a report', async () => {
    for (const id of ids) await cancelDelivery(it.app, id)
    await it.work()
    expect((await it.app.store.read.messages.get(box.id, sent.messageId))?.status).toBe('rejected')
    expect(await eventsOf(it, box, 'message.rejected', 'message.bounced', 'message.received')).toEqual([
      { type: 'message.rejected', reason: 'cancelled' },
    ])
  })

  test('what is not there is not found', async () => {
    for (const id of ['nonsense', '0190a1b2-0000-7000-8000-000000000000']) {
      await expect(retryNow(it.app, id)).rejects.toMatchObject({ code: 'not_found' })
      await expect(cancelDelivery(it.app, id)).rejects.toMatchObject({ code: 'not_found' })
    }
  })
})
