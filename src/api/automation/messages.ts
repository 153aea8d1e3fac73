import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'
import type { App } from '../../core/app.ts'
import type { Mailbox } from '../../core/mailboxes/model.ts'
import { bite } from '../../core/messages/contents-within.ts'
import { deleteMessage, getMessage, getRaw, listMessages } from '../../core/messages/messages.ts'
import type { Message } from '../../core/messages/model.ts'
import type { MessageFilter, MessageOrder } from '../../core/messages/store.ts'
import { flag, moment } from '../query.ts'
import { rawMail } from '../raw-mail.ts'
import { route } from '../route.ts'
import { parseGuid } from './ids.ts'
import { MessageItem, MessageShape, toItem, toMessage } from './message-shapes.ts'
import { listOf, listQuery, streamList, toPageRequest } from './paging.ts'
import { word } from './words.ts'

/** Of messages whose bodies are held at a time, for as long as the client takes to read them. */
const MAX_BYTES_AT_ONCE = 1024 * 1024
const MAX_AT_ONCE = 20

const filters = listQuery.extend({
  isHandled: flag.optional(),
  receivedAfter: moment.optional(),
  receivedBefore: moment.optional(),
  fromAddress: z.string().optional().describe('A part of the sender, in any case'),
  sortBy: word('ReceivedAt', 'FromAddress', 'Subject', 'SizeBytes').default('ReceivedAt'),
  sortOrder: word('Asc', 'Desc').default('Desc'),
})

type Filters = z.output<typeof filters>

export const list = route({
  method: 'GET',
  path: '/inbox/:id/messages',
  summary: 'Received messages with their texts; bodyHtml comes with a single one',
  query: filters,
  reply: listOf(MessageItem),
  async handle({ app, caller, params, query }) {
    const page = { ...toPageRequest(query), by: orders[query.sortBy], ascending: query.sortOrder === 'Asc' }
    const { mailbox, items, total } = await listMessages(app, caller, parseGuid(params.id), toFilter(query), page)
    return streamList(query, total, inBites(app, mailbox, items))
  },
})

const orders = {
  ReceivedAt: 'at',
  FromAddress: 'sender',
  Subject: 'subject',
  SizeBytes: 'size',
} satisfies Record<Filters['sortBy'], MessageOrder>

function toFilter({ isHandled, receivedAfter, receivedBefore, fromAddress }: Filters): MessageFilter {
  return {
    direction: 'inbound',
    ...(isHandled !== undefined && { handled: isHandled }),
    ...(receivedAfter !== undefined && { after: receivedAfter }),
    ...(receivedBefore !== undefined && { before: receivedBefore }),
    ...(fromAddress !== undefined && { sender: fromAddress }),
  }
}

async function* inBites(app: App, mailbox: Mailbox, messages: readonly Message[]) {
  const left = [...messages]
  while (left.length > 0) {
    const some = left.splice(0, bite(left, MAX_BYTES_AT_ONCE, MAX_AT_ONCE))
    // Others are served between the bites of a client that reads fast.
    await setImmediate()
    const contents = await app.store.read.messages.contents(some.map(({ id }) => id))
    // One that was deleted since is left out.
    yield some.flatMap((message) => {
      const content = contents.get(message.id)
      return content ? [toItem(app, { mailbox, message, content })] : []
    })
  }
}

export const get = route({
  method: 'GET',
  path: '/inbox/:id/messages/:messageId',
  summary: 'One message with everything in it; reading does not handle it',
  reply: MessageShape,
  async handle({ app, caller, params }) {
    return toMessage(app, await getMessage(app, caller, parseGuid(params.id), parseGuid(params.messageId)))
  },
})

export const remove = route({
  method: 'DELETE',
  path: '/inbox/:id/messages/:messageId',
  summary: 'Delete a message with its attachments',
  reply: z.object({ id: z.string() }),
  async handle({ app, caller, params }) {
    const id = parseGuid(params.messageId)
    await deleteMessage(app, caller, parseGuid(params.id), id)
    return { id }
  },
})

export const raw = route({
  method: 'GET',
  path: '/inbox/:id/messages/:messageId/raw',
  summary: 'The bytes as they were received',
  produces: 'message/rfc822',
  async handle({ app, caller, params }) {
    const { message, raw } = await getRaw(app, caller, parseGuid(params.id), parseGuid(params.messageId))
    return rawMail(raw, `${message.id}.eml`)
  },
})
