import { z } from 'zod'
import type { Message } from '../../core/messages/model.ts'
import { firstHandOver, lastRefusal, listOutgoing, type Outgoing } from '../../core/outbound/history.ts'
import { route } from '../route.ts'
import { printOutboundId } from './ids.ts'
import { limit } from './query.ts'
import { printTime, printTimeOrNull, Time } from './time.ts'

const statuses = ['queued', 'sent', 'failed', 'bounced'] as const

const OutboundMessage = z
  .object({
    outboundId: z.string(),
    messageId: z.string(),
    via: z.enum(['api', 'smtp']),
    inboxId: z.uuid(),
    from: z.string(),
    to: z.array(z.string()),
    cc: z.array(z.string()),
    bcc: z.array(z.string()),
    subject: z.string().nullable(),
    status: z.enum(statuses),
    error: z.string().nullable(),
    createdAt: Time,
    sentAt: Time.nullable().describe('When somebody first took it over'),
  })
  .meta({ id: 'OutboundMessage' })

export const list = route({
  method: 'GET',
  path: '/messages/outbound',
  scope: 'read',
  summary: 'What was sent from your inboxes, newest first, with what became of it',
  query: z.object({ limit }),
  reply: z.object({ items: z.array(OutboundMessage) }),
  async handle({ app, caller, query }) {
    return { items: (await listOutgoing(app, caller, query.limit)).map(toRecord) }
  },
})

function toRecord(outgoing: Outgoing): z.output<typeof OutboundMessage> {
  const { message } = outgoing
  const addresses = (list: Message['to']) => list.map(({ address }) => address)
  const sentAt = firstHandOver(outgoing)
  return {
    outboundId: printOutboundId(message.id),
    messageId: message.messageId,
    via: message.source === 'submission' ? 'smtp' : 'api',
    inboxId: message.mailboxId,
    from: message.from[0]?.address ?? '',
    to: addresses(message.to),
    cc: addresses(message.cc),
    bcc: addresses(message.bcc),
    subject: message.subject,
    status: statusOf(message, sentAt),
    error: lastRefusal(outgoing.deliveries),
    createdAt: printTime(message.at),
    sentAt: printTimeOrNull(sentAt),
  }
}

// A bounce comes later, from somebody who had taken it over; who refuses it at the door makes it fail.
function statusOf({ status }: Message, sentAt: number | null): (typeof statuses)[number] {
  if (status === 'bounced') return sentAt === null ? 'failed' : 'bounced'
  if (status === 'rejected') return 'failed'
  return status === 'queued' || status === null ? 'queued' : 'sent'
}
