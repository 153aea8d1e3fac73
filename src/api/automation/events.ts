import type { LoggedEvent } from '../../core/events/model.ts'
import { followMailbox } from '../../core/mailboxes/follow.ts'
import { eventStream, lastEventId, type ServerSentEvent } from '../event-stream.ts'
import { route } from '../route.ts'
import { parseGuid } from './ids.ts'
import { printTime } from './time.ts'

/** What an inbox tells of; anything else that happens in a mailbox belongs to other APIs. */
const told = new Set(['message.received', 'message.handled', 'message.deleted', 'message.dropped'])

export const follow = route({
  method: 'GET',
  path: '/inbox/:id/events',
  handsOut: true,
  summary: 'What happens in an inbox, as it happens: received, handled, deleted and dropped messages',
  produces: 'text/event-stream',
  headers: { 'Last-Event-ID': 'Goes on behind this event' },
  async handle({ app, caller, params, request }) {
    const from = lastEventId(request)
    return eventStream(app, request, async (signal) => {
      return toStream(await followMailbox(app, caller, parseGuid(params.id), { from, signal }))
    })
  },
})

async function* toStream(events: AsyncIterable<LoggedEvent>): AsyncIterable<ServerSentEvent> {
  for await (const event of events) {
    const { id, type, mailboxId, messageId, createdAt, payload } = event
    if (!told.has(type)) continue
    const handled = type === 'message.handled' ? { isHandled: payload.handled } : {}
    const reason = type === 'message.dropped' ? { fromAddress: payload.from } : {}
    const data = { inboxId: mailboxId, messageId, at: printTime(createdAt), ...handled, ...reason }
    yield { id, event: type, data: JSON.stringify(data) }
  }
}
