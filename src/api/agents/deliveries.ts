import { z } from 'zod'
import { getDeliveries } from '../../core/messages/messages.ts'
import type { Delivery } from '../../core/outbound/model.ts'
import { route } from '../route.ts'
import { parseInboxRef, parseMessageRef } from './ids.ts'
import { pageOf, pageQuery, slicePage, toPage } from './paging.ts'
import { printTime, printTimeOrNull, Time } from './time.ts'

const Attempt = z.object({
  at: Time,
  host: z.string().nullable(),
  code: z.int().nullable(),
  enhanced_code: z.string().nullable(),
  text: z.string(),
})

const DeliveryItem = z
  .object({
    recipient: z.string(),
    status: z.enum(['queued', 'sending', 'sent', 'delivered', 'captured', 'failed', 'suppressed', 'cancelled']),
    next_attempt_at: Time.nullable(),
    attempts: z.array(Attempt),
  })
  .meta({ id: 'Delivery' })

export const list = route({
  method: 'GET',
  path: '/inboxes/:inboxId/messages/:messageId/deliveries',
  summary: 'What became of a sent message, recipient by recipient',
  query: pageQuery,
  reply: pageOf(DeliveryItem),
  async handle({ app, caller, params, query }) {
    const [inbox, message] = [parseInboxRef(params.inboxId), parseMessageRef(params.messageId)]
    return toPage(slicePage(await getDeliveries(app, caller, inbox, message), query), query, toDelivery)
  },
})

function toDelivery(delivery: Delivery): z.output<typeof DeliveryItem> {
  return {
    recipient: delivery.recipient,
    status: delivery.status,
    next_attempt_at: printTimeOrNull(delivery.nextAttemptAt),
    attempts: delivery.attempts.map(({ at, host, replyCode, enhancedCode, text }) => ({
      at: printTime(at),
      host,
      code: replyCode,
      enhanced_code: enhancedCode,
      text,
    })),
  }
}
