import type { App } from '../app.ts'
import { notFound } from '../errors.ts'
import { type DeliveryId, isUuid, type MessageId } from '../ids.ts'
import type { Page, PageRequest } from '../paging.ts'
import type { Delivery } from './model.ts'

// What the operator of the server may do with the queue; there is no caller to ask for permission.

/** All that waits to be delivered, soonest due first. */
export function listQueue(app: App, page: PageRequest): Promise<Page<Delivery>> {
  return app.store.read.outbound.queue(page)
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
