import { z } from 'zod'
import { invalid } from '../../../core/errors.ts'
import { linkAttachment, linkRaw } from '../../../core/messages/attachment-links.ts'
import { getMessages, updateMessages } from '../../../core/messages/batch.ts'
import { contentsWithin } from '../../../core/messages/contents-within.ts'
import { highlight } from '../../../core/messages/highlights.ts'
import { bracketed, deleteMessage, getMessage, listMessages, updateMessage } from '../../../core/messages/messages.ts'
import type { Message } from '../../../core/messages/model.ts'
import { searchMessages } from '../../../core/messages/search.ts'
import type { MessageFilter } from '../../../core/messages/store.ts'
import { flag, moment } from '../../query.ts'
import { route } from '../../route.ts'
import { parseId, parseMessageRef } from '../ids.ts'
import { printTime, Time } from '../time.ts'
import { parseChange, parseLabelFilter, printLabels } from './labels.ts'
import {
  AttachmentLinkShape,
  HighlightsShape,
  MessageItem,
  MessageShape,
  toAttachmentLink,
  toFull,
  toItem,
  withHighlights,
} from './message-shapes.ts'
import { pageOf, pageQuery, sortedQuery, toPage, toPageRequest, toSearchPage, toSearchRequest } from './paging.ts'
import { list } from './query.ts'
import { mailboxOf } from './scope.ts'

const filters = sortedQuery.extend({
  labels: list.optional(),
  before: moment.optional(),
  after: moment.optional(),
  include_spam: flag.optional(),
  include_blocked: flag.optional(),
  include_unauthenticated: flag.optional(),
  include_trash: flag.optional(),
  from: list.optional(),
  to: list.optional(),
  subject: list.optional(),
})

export const searchQuery = pageQuery.extend({
  q: z.string(),
  before: moment.optional(),
  after: moment.optional(),
})

const label = z.union([z.string(), z.array(z.string())], { error: 'must be a label or a list of labels' }).nullish()
const Labelled = z.object({ message_id: z.string(), labels: z.array(z.string()) }).meta({ id: 'MessageLabels' })

export const messages = {
  list: route({
    method: 'GET',
    path: '/messages',
    summary: 'Received and sent messages, newest first',
    query: filters,
    reply: pageOf('messages', MessageItem),
    async handle(call) {
      const { filter, impossible } = toFilter(call.query)
      const page = toPageRequest(call, 'messages')
      const limit = impossible ? 0 : page.limit
      const { items, mailbox } = await listMessages(call.app, call.caller, mailboxOf(call.caller), filter, {
        ...page,
        limit,
      })
      return toPage(call, 'messages', items, {
        toItem: (m) => toItem(m, mailbox),
        cursorOf: ({ at, id }) => ({ at, id }),
      })
    },
  }),

  search: route({
    method: 'GET',
    path: '/messages/search',
    summary:
      'Messages that have all words of q, or all its texts in sender, recipients and subject; best first, never spam, blocked or trashed ones',
    query: searchQuery,
    reply: pageOf(
      'messages',
      z.object({ ...MessageItem.shape, highlights: HighlightsShape.optional() }).meta({ id: 'FoundMessage' }),
    ),
    async handle(call) {
      const { app, caller, query } = call
      const page = toSearchRequest(call, 'messages search')
      const { items, mailbox } = await searchMessages(app, caller, mailboxOf(caller), query.q, page, toBounds(query))
      const contents = await contentsWithin(app.store.read.messages, items)
      const toFound = (m: Message) => {
        return { ...toItem(m, mailbox), ...withHighlights(highlight(query.q, m, contents.get(m.id))) }
      }
      return toSearchPage(call, 'messages', items, { name: 'messages search', toItem: toFound })
    },
  }),

  get: route({
    method: 'GET',
    path: '/messages/:message_id',
    summary: 'One message with everything in it',
    reply: MessageShape,
    async handle({ app, caller, params }) {
      return toFull(await getMessage(app, caller, mailboxOf(caller), parseMessageRef(params.message_id)))
    },
  }),

  update: route({
    method: 'PATCH',
    path: '/messages/:message_id',
    summary: 'Add and remove labels; spam, trash and unread among them',
    body: z.object({ add_labels: label, remove_labels: label }),
    reply: Labelled,
    async handle({ app, caller, params, body }) {
      const change = parseChange(toChange(body))
      const ref = parseMessageRef(params.message_id)
      return toLabelled((await updateMessage(app, caller, mailboxOf(caller), ref, change)).message)
    },
  }),

  delete: route({
    method: 'DELETE',
    path: '/messages/:message_id',
    summary: 'Delete a message for good',
    async handle({ app, caller, params }) {
      await deleteMessage(app, caller, mailboxOf(caller), parseMessageRef(params.message_id))
    },
  }),

  batch_get: route({
    method: 'POST',
    path: '/messages/batch-get',
    summary: 'Several messages at once, without their bodies; unknown ones are left out',
    body: z.object({ message_ids: z.array(z.string()).min(1).max(500) }),
    reply: z.object({ limit: z.int(), count: z.int(), messages: z.array(MessageItem) }),
    async handle({ app, caller, body }) {
      const refs = toRefs(body.message_ids)
      const { mailbox, messages: found } = await getMessages(app, caller, mailboxOf(caller), refs)
      return { limit: refs.length, count: found.length, messages: found.map((m) => toItem(m, mailbox)) }
    },
  }),

  batch_update: route({
    method: 'POST',
    path: '/messages/batch-update',
    summary: 'Add and remove labels of several messages at once',
    body: z.object({ message_ids: z.array(z.string()).min(1).max(50), add_labels: label, remove_labels: label }),
    reply: z.object({ limit: z.int(), count: z.int(), updates: z.array(Labelled) }),
    async handle({ app, caller, body }) {
      const refs = toRefs(body.message_ids)
      const changed = await updateMessages(app, caller, mailboxOf(caller), refs, parseChange(toChange(body)))
      return { limit: refs.length, count: changed.length, updates: changed.map(toLabelled) }
    },
  }),

  get_raw: route({
    method: 'GET',
    path: '/messages/:message_id/raw',
    summary: 'A link to the bytes as they were received or composed, good for an hour without a key',
    reply: z
      .object({ message_id: z.string(), size: z.int(), download_url: z.url(), expires_at: Time })
      .meta({ id: 'RawMessage' }),
    async handle({ app, caller, params }) {
      const ref = parseMessageRef(params.message_id)
      const { message, url, expiresAt } = await linkRaw(app, caller, mailboxOf(caller), ref)
      return {
        message_id: message.messageId,
        size: message.sizeBytes,
        download_url: url,
        expires_at: printTime(expiresAt),
      }
    },
  }),

  get_attachment: route({
    method: 'GET',
    path: '/messages/:message_id/attachments/:attachment_id',
    summary: 'An attachment, and a link to its bytes that needs no key for an hour',
    reply: AttachmentLinkShape,
    async handle({ app, caller, params }) {
      const [ref, id] = [parseMessageRef(params.message_id), parseId('attachment', params.attachment_id)]
      return toAttachmentLink(await linkAttachment(app, caller, mailboxOf(caller), ref, id))
    },
  }),
}

function toFilter(query: z.output<typeof filters>): { filter: MessageFilter; impossible: boolean } {
  const asked = parseLabelFilter(query.labels ?? [])
  const { from, to, subject } = query
  const filter = {
    includeSpam: query.include_spam ?? false,
    includeBlocked: query.include_blocked ?? false,
    includeUnauthenticated: query.include_unauthenticated ?? false,
    includeTrashed: query.include_trash ?? false,
    ...asked.flags,
    ...(asked.received && { direction: 'inbound' as const }),
    ...(asked.sent && { direction: 'outbound' as const }),
    ...(asked.bounced && { status: 'bounced' as const }),
    ...(asked.opened && { opened: true }),
    ...toBounds(query),
    ...(from && { from }),
    ...(to && { to }),
    ...(subject && { subject }),
  }
  return { filter, impossible: asked.impossible || (asked.received && asked.sent) }
}

export function toBounds({ before, after }: { before?: number | undefined; after?: number | undefined }) {
  return { ...(before !== undefined && { before }), ...(after !== undefined && { after }) }
}

type LabelBody = Record<'add_labels' | 'remove_labels', string | string[] | null | undefined>

function toChange({ add_labels, remove_labels }: Partial<LabelBody>) {
  return { add: [add_labels ?? []].flat(), remove: [remove_labels ?? []].flat() }
}

function toRefs(ids: readonly string[]): string[] {
  const refs = ids.map(parseMessageRef).map((ref) => (ref.includes('@') ? bracketed(ref) : ref))
  const at = refs.findIndex((ref, index) => refs.indexOf(ref) < index)
  if (at >= 0) throw invalid(['message_ids', at], 'is there twice')
  return refs
}

function toLabelled(message: Message): z.output<typeof Labelled> {
  return { message_id: message.messageId, labels: printLabels(message) }
}
