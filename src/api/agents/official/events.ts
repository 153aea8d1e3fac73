import { z } from 'zod'
import { type LabelChange, listLabelChanges } from '../../../core/messages/label-log.ts'
import { route } from '../../route.ts'
import { printId } from '../ids.ts'
import { printTime, Time } from '../time.ts'
import { pageOf, sortedQuery, toPage, toPageRequest } from './paging.ts'
import { mailboxOf } from './scope.ts'

const InboxEvent = z
  .object({
    organization_id: z.string(),
    pod_id: z.string(),
    inbox_id: z.string(),
    event_id: z.string(),
    event_type: z.enum(['label.added', 'label.removed']),
    message_id: z.string(),
    label: z.string(),
    event_at: Time,
    created_at: Time,
  })
  .meta({ id: 'InboxEvent' })

export const events = {
  list: route({
    method: 'GET',
    path: '/events',
    summary: 'What became of the labels of messages, newest first',
    query: sortedQuery,
    reply: pageOf('events', InboxEvent),
    async handle(call) {
      const page = toPageRequest(call, 'inbox events')
      const { mailbox, items } = await listLabelChanges(call.app, call.caller, mailboxOf(call.caller), page)
      return toPage(call, 'events', items, {
        name: 'inbox events',
        toItem: (change) => ({
          organization_id: printId('organization', mailbox.orgId),
          pod_id: printId('pod', mailbox.projectId),
          inbox_id: mailbox.address,
          ...toEvent(change),
        }),
        cursorOf: ({ cursor }) => cursor,
      })
    },
  }),
}

function toEvent({ eventId, index, name, label, added, at }: LabelChange) {
  return {
    // One act may change several labels.
    event_id: `${printId('event', eventId)}_${index}`,
    event_type: added ? ('label.added' as const) : ('label.removed' as const),
    message_id: name,
    label,
    event_at: printTime(at),
    created_at: printTime(at),
  }
}
