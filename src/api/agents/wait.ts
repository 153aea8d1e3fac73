import { z } from 'zod'
import { waitForMessage } from '../../core/waiting/wait.ts'
import { flag, moment, seconds, several } from '../query.ts'
import { route } from '../route.ts'
import { parseInboxRef } from './ids.ts'
import { FullMessageShape, toFull } from './message-shapes.ts'

const query = z.object({
  timeout: seconds({ max: 60, fallback: 30 }),
  after: moment
    .optional()
    .describe('Only what came later than this. Without it: only what no wait has answered before'),
  from: several.optional(),
  to: several.optional(),
  subject: several.optional(),
  has_code: flag.optional().describe('Whether a one-time code was found in it'),
  has_link: flag.optional().describe('Whether a link was found in it, beside one to unsubscribe'),
  include_spam: flag.optional(),
  include_blocked: flag.optional(),
  include_unauthenticated: flag.optional(),
  include_trash: flag.optional(),
})

export const wait = route({
  method: 'GET',
  path: '/inboxes/:inboxId/wait',
  handsOut: true,
  refuses: ['rate_limited'],
  summary: 'Wait for a received message: the oldest that matches, at once when it is there; null when the time is up',
  query,
  reply: z.object({ message: FullMessageShape.nullable() }),
  async handle({ app, caller, params, query, request }) {
    const found = await waitForMessage(app, caller, {
      mailbox: parseInboxRef(params.inboxId),
      criteria: toCriteria(query),
      timeoutMs: query.timeout,
      signal: request.signal,
    })
    return { message: found && toFull(found) }
  },
})

function toCriteria({ after, from, to, subject, has_code, has_link, ...include }: z.output<typeof query>) {
  return {
    ...(after !== undefined && { after }),
    ...(from && { from }),
    ...(to && { to }),
    ...(subject && { subject }),
    ...(has_code !== undefined && { hasCode: has_code }),
    ...(has_link !== undefined && { hasLink: has_link }),
    includeSpam: include.include_spam ?? false,
    includeBlocked: include.include_blocked ?? false,
    includeUnauthenticated: include.include_unauthenticated ?? false,
    includeTrashed: include.include_trash ?? false,
  }
}
