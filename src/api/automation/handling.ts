import { z } from 'zod'
import { invalid } from '../../core/errors.ts'
import { handleMessage, handleMessages, takeUnhandled } from '../../core/messages/handling.ts'
import { route } from '../route.ts'
import { Guid, parseGuid } from './ids.ts'
import { MessageShape, toMessage } from './message-shapes.ts'

const MAX_AT_ONCE = 100

export const handle = route({
  method: 'POST',
  path: '/inbox/:id/messages/:messageId/handle',
  summary: 'Mark a message as handled and answer it whole; again is the same',
  reply: MessageShape,
  async handle({ app, caller, params }) {
    return toMessage(app, await handleMessage(app, caller, parseGuid(params.id), parseGuid(params.messageId), true))
  },
})

export const unhandle = route({
  method: 'POST',
  path: '/inbox/:id/messages/:messageId/unhandle',
  summary: 'Give a message back to those who take unhandled ones',
  reply: MessageShape,
  async handle({ app, caller, params }) {
    return toMessage(app, await handleMessage(app, caller, parseGuid(params.id), parseGuid(params.messageId), false))
  },
})

export const handleSeveral = route({
  method: 'POST',
  path: '/inbox/:id/messages/handle',
  summary: 'Handle these messages, or take the oldest unhandled ones: no two callers are given the same',
  body: z.object({
    messageIds: z.array(Guid).max(MAX_AT_ONCE).nullish(),
    limit: z.number().nullish().describe(`1 to ${MAX_AT_ONCE}, 10 when absent; not looked at with messageIds`),
  }),
  reply: z.object({
    items: z.array(MessageShape),
    handledCount: z.int(),
    notFoundIds: z.array(z.string()),
  }),
  async handle({ app, caller, params, body }) {
    const inbox = parseGuid(params.id)
    const { items, missing } = body.messageIds?.length
      ? await handleMessages(app, caller, inbox, body.messageIds)
      : { items: await takeUnhandled(app, caller, inbox, checkLimit(body.limit ?? 10)), missing: [] }
    return { items: items.map((full) => toMessage(app, full)), handledCount: items.length, notFoundIds: missing }
  },
})

function checkLimit(limit: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_AT_ONCE) return limit
  throw invalid('limit', `must be a whole number from 1 to ${MAX_AT_ONCE}`)
}
