import { z } from 'zod'
import { allSuspect } from '../../core/messages/hiding.ts'
import { handOut, placeOf } from '../../core/messages/received.ts'
import { waitForMessage } from '../../core/waiting/wait.ts'
import { moment, seconds, several } from '../query.ts'
import { route } from '../route.ts'
import { FullMessageShape, toFull } from './message-shapes.ts'

const query = z.object({
  timeout: seconds({ max: 30, fallback: 30 }),
  after: moment.optional().describe('Only what came later than this. Without it: only what nobody was given before'),
  from: several.optional(),
  to: several.optional(),
  subject: several.optional(),
  has: z.enum(['code', 'link']).optional().describe('Only what holds a one-time code, or a link to follow'),
})

export const wait = route({
  method: 'GET',
  path: '/inboxes/:id/wait',
  handsOut: true,
  scope: 'read',
  refuses: ['rate_limited'],
  summary: 'Wait for the next message: the oldest that matches, at once when it is there; null when the time is up',
  query,
  reply: z.object({ message: FullMessageShape.nullable() }),
  async handle({ app, caller, params, query, request }) {
    const { timeout, after, from, to, subject, has } = query
    const criteria = {
      ...allSuspect(caller),
      ...(after !== undefined && { after }),
      ...(from && { from }),
      ...(to && { to }),
      ...(subject && { subject }),
      ...(has === 'code' && { hasCode: true }),
      ...(has === 'link' && { hasLink: true }),
    }
    const { signal } = request
    const found = await waitForMessage(app, caller, {
      mailbox: params.id.toLowerCase(),
      criteria,
      timeoutMs: timeout,
      signal,
    })
    if (!found) return { message: null }
    if (after !== undefined) await handOut(app, [found.message])
    return { message: await toFull(app, found, await placeOf(app, found.message.id)) }
  },
})
