import { z } from 'zod'
import type { Thread } from '../../core/threads/model.ts'
import { deleteThread, getThread, listThreads } from '../../core/threads/threads.ts'
import { formatAddress } from '../../protocol/address/format-address.ts'
import { commaList, flag, moment, several } from '../query.ts'
import { route } from '../route.ts'
import { parseId, parseInboxRef, printId } from './ids.ts'
import { FullMessageShape, toFull } from './message-shapes.ts'
import { pageOf, pageQuery, toPage, toPageRequest } from './paging.ts'
import { printTime, printTimeOrNull, Time } from './time.ts'

const itemShape = {
  inbox_id: z.string(),
  thread_id: z.string(),
  labels: z.array(z.string()),
  timestamp: Time,
  received_timestamp: Time.nullable(),
  sent_timestamp: Time.nullable(),
  senders: z.array(z.string()),
  recipients: z.array(z.string()),
  subject: z.string().nullable(),
  preview: z.string().nullable(),
  last_message_id: z.string(),
  message_count: z.int(),
  size: z.int(),
}

const ThreadItem = z.object(itemShape).meta({ id: 'ThreadItem' })
const FullThread = z.object({ ...itemShape, messages: z.array(FullMessageShape) }).meta({ id: 'Thread' })

const filters = pageQuery.extend({
  labels: commaList.optional(),
  before: moment.optional(),
  after: moment.optional(),
  from: several.optional(),
  subject: z.string().optional(),
  include_spam: flag.optional(),
  include_blocked: flag.optional(),
  include_unauthenticated: flag.optional(),
  include_trash: flag.optional(),
})

export const list = route({
  method: 'GET',
  path: '/inboxes/:inboxId/threads',
  summary: 'The threads, latest activity first',
  query: filters,
  reply: pageOf(ThreadItem),
  async handle({ app, caller, params, query }) {
    const { labels, before, after, from, subject } = query
    const filter = {
      ...(labels && { labels }),
      ...(before !== undefined && { before }),
      ...(after !== undefined && { after }),
      ...(from && { senders: from }),
      ...(subject !== undefined && { subject: [subject] }),
      includeSpam: query.include_spam ?? false,
      includeBlocked: query.include_blocked ?? false,
      includeUnauthenticated: query.include_unauthenticated ?? false,
      includeTrashed: query.include_trash ?? false,
    }
    const found = await listThreads(app, caller, parseInboxRef(params.inboxId), filter, toPageRequest(query))
    return toPage(found, query, toThreadItem)
  },
})

export const get = route({
  method: 'GET',
  path: '/inboxes/:inboxId/threads/:threadId',
  summary: 'One thread with its messages, oldest first',
  reply: FullThread,
  async handle({ app, caller, params }) {
    const [inbox, id] = [parseInboxRef(params.inboxId), parseId('thread', params.threadId)]
    const { thread, messages } = await getThread(app, caller, inbox, id)
    return { ...toThreadItem(thread), messages: messages.map(toFull) }
  },
})

export const remove = route({
  method: 'DELETE',
  path: '/inboxes/:inboxId/threads/:threadId',
  summary: 'Delete a thread and all its messages',
  async handle({ app, caller, params }) {
    await deleteThread(app, caller, parseInboxRef(params.inboxId), parseId('thread', params.threadId))
  },
})

export function toThreadItem(thread: Thread): z.output<typeof ThreadItem> {
  return {
    inbox_id: printId('inbox', thread.mailboxId),
    thread_id: printId('thread', thread.id),
    labels: thread.labels,
    timestamp: printTime(thread.lastAt),
    received_timestamp: printTimeOrNull(thread.lastReceivedAt),
    sent_timestamp: printTimeOrNull(thread.lastSentAt),
    senders: thread.senders.map(formatAddress),
    recipients: thread.recipients.map(formatAddress),
    subject: thread.subject,
    preview: thread.preview,
    last_message_id: printId('message', thread.lastMessageId),
    message_count: thread.messageCount,
    size: thread.sizeBytes,
  }
}
