import { z } from 'zod'
import type { ThreadId } from '../../core/ids.ts'
import { deleteMessage, getMessage, getRaw, listMessages, updateMessage } from '../../core/messages/messages.ts'
import { commaList, flag, moment, several } from '../query.ts'
import { rawMail } from '../raw-mail.ts'
import { route } from '../route.ts'
import { parseId, parseInboxRef, parseMessageRef, printId } from './ids.ts'
import { parseLabelFilter, parseLabels } from './labels.ts'
import { FullMessageShape, MessageItem, toFull, toItem } from './message-shapes.ts'
import { pageOf, pageQuery, toPage, toPageRequest } from './paging.ts'

const filters = pageQuery.extend({
  labels: commaList.optional(),
  direction: z.enum(['inbound', 'outbound']).optional(),
  thread_id: z.string().optional(),
  before: moment.optional(),
  after: moment.optional(),
  from: several.optional(),
  subject: several.optional(),
  has_code: flag.optional(),
  has_link: flag.optional(),
  include_spam: flag.optional(),
  include_blocked: flag.optional(),
  include_unauthenticated: flag.optional(),
  include_trash: flag.optional(),
})

export const list = route({
  method: 'GET',
  path: '/inboxes/:inboxId/messages',
  summary: 'Received and sent messages, newest first',
  query: filters,
  reply: pageOf(MessageItem),
  async handle({ app, caller, params, query }) {
    const inbox = parseInboxRef(params.inboxId)
    return toPage(await listMessages(app, caller, inbox, toFilter(query), toPageRequest(query)), query, toItem)
  },
})

function toFilter(query: z.output<typeof filters>) {
  const { direction, thread_id, before, after, from, subject } = query
  const asked = parseLabelFilter(query.labels ?? [])
  return {
    ...asked,
    ...(direction && { direction }),
    ...(thread_id !== undefined && { threadId: parseId('thread', thread_id) as ThreadId }),
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
    ...(from && { from }),
    ...(subject && { subject }),
    ...(query.has_code !== undefined && { hasCode: query.has_code }),
    ...(query.has_link !== undefined && { hasLink: query.has_link }),
    includeSpam: query.include_spam || asked.spam || false,
    includeBlocked: query.include_blocked || asked.blocked || false,
    includeUnauthenticated: query.include_unauthenticated || asked.unauthenticated || false,
    includeTrashed: query.include_trash || asked.trashed || false,
  }
}

export const get = route({
  method: 'GET',
  path: '/inboxes/:inboxId/messages/:messageId',
  summary: 'One message with everything in it, by id or Message-ID',
  reply: FullMessageShape,
  async handle({ app, caller, params }) {
    return toFull(await getMessage(app, caller, parseInboxRef(params.inboxId), parseMessageRef(params.messageId)))
  },
})

export const update = route({
  method: 'PATCH',
  path: '/inboxes/:inboxId/messages/:messageId',
  summary: 'Replace the labels; spam, blocked and trash set what hides a message',
  body: z.object({ labels: z.array(z.string()) }),
  reply: FullMessageShape,
  async handle({ app, caller, params, body }) {
    const [inbox, message] = [parseInboxRef(params.inboxId), parseMessageRef(params.messageId)]
    return toFull(await updateMessage(app, caller, inbox, message, parseLabels(body.labels)))
  },
})

export const remove = route({
  method: 'DELETE',
  path: '/inboxes/:inboxId/messages/:messageId',
  summary: 'Delete a message for good',
  async handle({ app, caller, params }) {
    await deleteMessage(app, caller, parseInboxRef(params.inboxId), parseMessageRef(params.messageId))
  },
})

export const raw = route({
  method: 'GET',
  path: '/inboxes/:inboxId/messages/:messageId/eml',
  summary: 'The bytes as they were received or composed',
  produces: 'message/rfc822',
  async handle({ app, caller, params }) {
    const [inbox, ref] = [parseInboxRef(params.inboxId), parseMessageRef(params.messageId)]
    const { message, raw } = await getRaw(app, caller, inbox, ref)
    return rawMail(raw, `${printId('message', message.id)}.eml`)
  },
})
