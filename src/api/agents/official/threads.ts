import { z } from 'zod'
import { searchThreads } from '../../../core/threads/search.ts'
import type { ThreadFilter } from '../../../core/threads/store.ts'
import {
  deleteThreadWithin,
  labelThreadWithin,
  linkThreadAttachment,
  listThreadsWithin,
  openThreadWithin,
  type ThreadView,
} from '../../../core/threads/within.ts'
import { formatAddress } from '../../../protocol/address/format-address.ts'
import { flag, moment } from '../../query.ts'
import { route } from '../../route.ts'
import { parseId, printId } from '../ids.ts'
import { printTime, Time } from '../time.ts'
import { present, some } from './absent.ts'
import { parseLabelFilter, parseOwn, printThreadLabels } from './labels.ts'
import {
  Attachment,
  AttachmentLinkShape,
  HighlightsShape,
  MessageShape,
  toAttachment,
  toAttachmentLink,
  toFull,
  withHighlights,
} from './message-shapes.ts'
import { searchQuery, toBounds } from './messages.ts'
import {
  olderPage,
  pageOf,
  pageQuery,
  sortedQuery,
  toPage,
  toPageRequest,
  toSearchPage,
  toSearchRequest,
} from './paging.ts'
import { list } from './query.ts'

const texts = z.array(z.string())

const itemShape = {
  inbox_id: z.string(),
  thread_id: z.string(),
  labels: texts,
  timestamp: Time,
  received_timestamp: Time.optional(),
  sent_timestamp: Time.optional(),
  senders: texts,
  recipients: texts,
  subject: z.string().optional(),
  preview: z.string().optional(),
  attachments: z.array(Attachment).optional(),
  last_message_id: z.string(),
  message_count: z.int(),
  size: z.int(),
  updated_at: Time,
  created_at: Time,
}

export const ThreadItem = z.object(itemShape).meta({ id: 'ThreadItem' })

const FullThread = z
  .object({
    ...itemShape,
    count: z.int().describe('Messages on this page'),
    limit: z.int(),
    next_page_token: z.string().optional().describe('Leads to older messages'),
    messages: z.array(MessageShape).describe('Oldest first; the first page has the newest'),
  })
  .meta({ id: 'Thread' })

const filters = sortedQuery.extend({
  labels: list.optional(),
  before: moment.optional(),
  after: moment.optional(),
  include_spam: flag.optional(),
  include_blocked: flag.optional(),
  include_unauthenticated: flag.optional(),
  include_trash: flag.optional(),
  senders: list.optional(),
  recipients: list.optional(),
  subject: list.optional(),
})

const label = texts.nullish()

export const threads = {
  list: route({
    method: 'GET',
    path: '/threads',
    summary: 'The threads, latest activity first',
    query: filters,
    reply: pageOf('threads', ThreadItem),
    async handle(call) {
      const { filter, impossible } = toFilter(call.query)
      const page = toPageRequest(call, 'threads')
      const found = impossible ? [] : await listThreadsWithin(call.app, call.caller, filter, page)
      const cursorOf = ({ thread }: ThreadView) => ({ at: thread.lastAt, id: thread.id })
      return toPage(call, 'threads', found, { toItem: toThreadItem, cursorOf })
    },
  }),

  search: route({
    method: 'GET',
    path: '/threads/search',
    summary: 'Threads with a message that has all words of q, best first; never spam, blocked or trashed mail',
    query: searchQuery,
    reply: pageOf(
      'threads',
      z.object({ ...itemShape, highlights: HighlightsShape.optional() }).meta({ id: 'FoundThread' }),
    ),
    async handle(call) {
      const { app, caller, query } = call
      const page = toSearchRequest(call, 'threads search')
      const found = await searchThreads(app, caller, query.q, toBounds(query), page)
      return toSearchPage(call, 'threads', found, {
        name: 'threads search',
        toItem: (hit) => ({ ...toThreadItem(hit), ...withHighlights(hit.highlights) }),
      })
    },
  }),

  get: route({
    method: 'GET',
    path: '/threads/:thread_id',
    summary: 'One thread, and a page of its messages; shorter than asked for where they are large',
    query: pageQuery,
    reply: FullThread,
    async handle(call) {
      const id = parseId('thread', call.params.thread_id)
      const page = toPageRequest(call, id)
      const found = await openThreadWithin(call.app, call.caller, id, page)
      const { messages, ...envelope } = olderPage(call, 'messages', found.messages, {
        name: id,
        toItem: toFull,
        cursorOf: ({ message }) => ({ at: message.at, id: message.id }),
        more: found.older,
      })
      return { ...toThreadItem(found), ...envelope, messages }
    },
  }),

  update: route({
    method: 'PATCH',
    path: '/threads/:thread_id',
    summary: 'Add labels to all messages of a thread, and remove others; none of the system',
    body: z.object({ add_labels: label, remove_labels: label }),
    reply: z.object({ thread_id: z.string(), labels: texts }).meta({ id: 'ThreadLabels' }),
    async handle({ app, caller, params, body }) {
      const change = {
        addLabels: parseOwn('add_labels', body.add_labels ?? []),
        removeLabels: parseOwn('remove_labels', body.remove_labels ?? []),
      }
      const { thread, lastMessage } = await labelThreadWithin(app, caller, parseId('thread', params.thread_id), change)
      return { thread_id: printId('thread', thread.id), labels: printThreadLabels(thread, lastMessage) }
    },
  }),

  delete: route({
    method: 'DELETE',
    path: '/threads/:thread_id',
    summary: 'Delete a thread and all its messages for good',
    async handle({ app, caller, params }) {
      await deleteThreadWithin(app, caller, parseId('thread', params.thread_id))
    },
  }),

  get_attachment: route({
    method: 'GET',
    path: '/threads/:thread_id/attachments/:attachment_id',
    summary: 'An attachment of a message of the thread, and a link to its bytes that needs no key for an hour',
    reply: AttachmentLinkShape,
    async handle({ app, caller, params }) {
      const [id, part] = [parseId('thread', params.thread_id), parseId('attachment', params.attachment_id)]
      return toAttachmentLink(await linkThreadAttachment(app, caller, id, part))
    },
  }),
}

function toFilter(query: z.output<typeof filters>): { filter: ThreadFilter; impossible: boolean } {
  const asked = parseLabelFilter(query.labels ?? [])
  const { senders, recipients, subject } = query
  const filter = {
    includeSpam: query.include_spam ?? false,
    includeBlocked: query.include_blocked ?? false,
    includeUnauthenticated: query.include_unauthenticated ?? false,
    includeTrashed: query.include_trash ?? false,
    ...asked.flags,
    ...(asked.received && { received: true }),
    ...(asked.sent && { sent: true }),
    ...(asked.bounced && { bounced: true }),
    ...(asked.opened && { opened: true }),
    ...toBounds(query),
    ...(senders && { senders }),
    ...(recipients && { recipients }),
    ...(subject && { subject }),
  }
  return { filter, impossible: asked.impossible }
}

export function toThreadItem({ thread, mailbox, lastMessage, attachments }: ThreadView): z.output<typeof ThreadItem> {
  const { lastReceivedAt, lastSentAt } = thread
  return present({
    inbox_id: mailbox.address,
    thread_id: printId('thread', thread.id),
    labels: printThreadLabels(thread, lastMessage),
    timestamp: printTime(thread.lastAt),
    received_timestamp: lastReceivedAt === null ? null : printTime(lastReceivedAt),
    sent_timestamp: lastSentAt === null ? null : printTime(lastSentAt),
    senders: thread.senders.map(formatAddress),
    recipients: thread.recipients.map(formatAddress),
    subject: thread.subject,
    preview: thread.preview,
    attachments: some(attachments.map(toAttachment)),
    last_message_id: lastMessage?.messageId ?? printId('message', thread.lastMessageId),
    message_count: thread.messageCount,
    size: thread.sizeBytes,
    updated_at: printTime(thread.updatedAt),
    created_at: printTime(thread.createdAt),
  })
}
