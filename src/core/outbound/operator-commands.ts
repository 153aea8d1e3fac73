import { Failure, notFound } from '../errors.ts'
import type { DeliveryId } from '../ids.ts'
import type { Message } from '../messages/model.ts'
import type { Tx } from '../store.ts'
import type { Delivery } from './model.ts'
import { settle } from './settle.ts'

/** Gives a waiting delivery up. One that is being tried at this moment may still arrive, and then says so. */
export async function cancelDelivery(tx: Tx, input: { id: DeliveryId }): Promise<Delivery> {
  const delivery = await tx.outbound.get(input.id)
  if (!delivery) throw notFound('delivery')
  await tx.hold(`message ${delivery.messageId}`)
  if (!waits(delivery)) throw new Failure('conflict', `This delivery is ${delivery.status}`)
  const attempt = { at: tx.now, host: null, replyCode: null, enhancedCode: null, text: 'Cancelled by the operator' }
  await tx.outbound.record([{ id: delivery.id, status: 'cancelled', nextAttemptAt: null, attempt }], tx.now)
  const message = await messageOf(tx, delivery)
  const deliveries = message ? await tx.outbound.ofMessage(message.id) : []
  if (message) await settle(tx, message, { deliveries, changed: new Set([delivery.id]) })
  return deliveries.find((d) => d.id === delivery.id) ?? { ...delivery, status: 'cancelled', nextAttemptAt: null }
}

/** Makes waiting deliveries of one message due now; answers how many. They are tried once more, then go on by the calendar. */
export async function hurryDeliveries(tx: Tx, input: { ids: DeliveryId[] }): Promise<number> {
  const [id] = input.ids
  const first = id && (await tx.outbound.get(id))
  if (!first) throw notFound('delivery')
  const hurried = await tx.outbound.hurry(input.ids, tx.now)
  const message = await messageOf(tx, first)
  if (!message || hurried === 0) return hurried
  const recipients = (await tx.outbound.ofMessage(message.id)).filter((d) => input.ids.includes(d.id) && waits(d))
  const { orgId, mailboxId, threadId } = message
  const payload = { recipients: recipients.map((d) => d.recipient) }
  // The entry in the log is also what wakes the workers, of other processes too.
  await tx.events.append({ orgId, mailboxId, threadId, messageId: message.id, type: 'message.hurried', payload })
  return hurried
}

function waits({ status }: Delivery): boolean {
  return status === 'queued' || status === 'sending'
}

function messageOf(tx: Tx, { mailboxId, messageId }: Delivery): Promise<Message | undefined> {
  return tx.messages.get(mailboxId, messageId)
}
