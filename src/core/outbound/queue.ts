import type { App } from '../app.ts'
import { notFound } from '../errors.ts'
import { type DeliveryId, isUuid, type MessageId } from '../ids.ts'
import type { Cursor, Page, PageRequest } from '../paging.ts'
import type { Delivery } from './model.ts'

const PAGE = 200

// What the operator of the server may do with the queue; there is no caller to ask for permission.

/** All that waits to be delivered, soonest due first. */
export function listQueue(app: App, page: PageRequest): Promise<Page<Delivery>> {
  return app.store.read.outbound.queue(page)
}

/**
 * All that waits now, soonest due first; what is made due or given up meanwhile moves nothing else out of sight. Read in pages.
 */
export async function* waitingDeliveries(app: App): AsyncGenerator<Delivery> {
  const until = app.clock.now()
  for (let after: Cursor | undefined; ; ) {
    const { items } = await app.store.read.outbound.queue({ limit: PAGE, ...(after ? { after } : {}) })
    for (const delivery of items) if (delivery.createdAt <= until) yield delivery
    const last = items.at(-1)
    if (!last || items.length < PAGE) return
    after = { at: (last.status === 'sending' ? last.leaseUntil : last.nextAttemptAt) ?? 0, id: last.id }
  }
}

/** Gives a waiting delivery up. */
export async function cancelDelivery(app: App, id: string): Promise<Delivery> {
  if (!isUuid(id)) throw notFound('delivery')
  return app.store.run('outbound.cancel', { id: id as DeliveryId })
}

/** Makes a waiting delivery, or all those of a message, due now; answers how many waited. */
export async function retryNow(app: App, deliveryOrMessage: string): Promise<number> {
  if (!isUuid(deliveryOrMessage)) throw notFound('delivery')
  const ofMessage = await app.store.read.outbound.ofMessage(deliveryOrMessage as MessageId)
  const ids = ofMessage.length > 0 ? ofMessage.map((d) => d.id) : [deliveryOrMessage as DeliveryId]
  return app.store.run('outbound.hurry', { ids })
}
