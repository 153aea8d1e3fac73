import { z } from 'zod'
import type { LoggedEvent } from '../../core/events/model.ts'
import { listDrops } from '../../core/mailboxes/drops.ts'
import type { DropReason } from '../../core/mailboxes/policy.ts'
import { route } from '../route.ts'
import { parseGuid } from './ids.ts'
import { listOf, listQuery, toList, toPageRequest } from './paging.ts'
import { printTime, Time } from './time.ts'

const reasons = {
  sender: 'senderNotAllowed',
  unauthenticated: 'senderNotAuthenticated',
  too_large: 'tooLarge',
  too_many_attachments: 'tooManyAttachments',
} as const satisfies Record<DropReason, string>

const Drop = z
  .object({
    id: z.string(),
    reason: z.enum(Object.values(reasons)),
    fromAddress: z.string(),
    subject: z.string().nullable(),
    sizeBytes: z.int(),
    droppedAt: Time,
  })
  .meta({ id: 'Drop' })

export const list = route({
  method: 'GET',
  path: '/inbox/:id/drops',
  summary: 'Mail of the last week that the settings of the inbox did not let in, newest first',
  query: listQuery,
  reply: listOf(Drop),
  async handle({ app, caller, params, query }) {
    return toList(query, await listDrops(app, caller, parseGuid(params.id), toPageRequest(query)), toDrop)
  },
})

function toDrop({ id, createdAt, payload }: LoggedEvent): z.output<typeof Drop> {
  const { reason, from, subject, sizeBytes } = payload as {
    reason: DropReason
    from: string
    subject: string | null
    sizeBytes: number
  }
  return { id, reason: reasons[reason], fromAddress: from, subject, sizeBytes, droppedAt: printTime(createdAt) }
}
