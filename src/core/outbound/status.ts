import type { OutboundStatus } from '../messages/model.ts'
import type { Delivery, DeliveryStatus } from './model.ts'

/** Somebody took the mail over, for good or for now. */
export const handedOver: readonly DeliveryStatus[] = ['sent', 'captured', 'delivered']
const notTried: readonly DeliveryStatus[] = ['suppressed', 'cancelled']

/** What the deliveries of a message say together: one failure is a bounce, all delivered is delivered, any hand-over is sent. */
export function overallStatus(deliveries: readonly Pick<Delivery, 'status'>[]): OutboundStatus {
  const states = deliveries.map((d) => d.status)
  if (states.includes('failed')) return 'bounced'
  const tried = states.filter((s) => !notTried.includes(s))
  if (tried.length === 0) return 'rejected'
  if (tried.every((s) => s === 'delivered')) return 'delivered'
  return tried.some((s) => handedOver.includes(s)) ? 'sent' : 'queued'
}
