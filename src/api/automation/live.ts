import { z } from 'zod'
import { waitForMessage } from '../../core/waiting/wait.ts'
import { moment, optionalNumber } from '../query.ts'
import { route } from '../route.ts'
import { parseGuid } from './ids.ts'
import { MessageShape, toMessage } from './message-shapes.ts'

const DEFAULT_SECONDS = 30
const MAX_SECONDS = 60

export const wait = route({
  method: 'GET',
  path: '/inbox/:id/messages/wait',
  handsOut: true,
  summary: 'The next message, as soon as it is there; null when the time is up',
  query: z.object({
    timeout: optionalNumber({ min: 0 }).describe(`Seconds, ${DEFAULT_SECONDS} when absent, at most ${MAX_SECONDS}`),
    receivedAfter: moment.optional().describe('Absent: the oldest one that no wait has answered yet'),
  }),
  reply: z.object({ message: MessageShape.nullable() }),
  async handle({ app, caller, params, query, request }) {
    const full = await waitForMessage(app, caller, {
      mailbox: parseGuid(params.id),
      criteria: query.receivedAfter === undefined ? {} : { after: query.receivedAfter },
      timeoutMs: Math.min(query.timeout ?? DEFAULT_SECONDS, MAX_SECONDS) * 1000,
      signal: request.signal,
    })
    return { message: full && toMessage(app, full) }
  },
})
