import { z } from 'zod'
import { notFound } from '../../core/errors.ts'
import { isUuid } from '../../core/ids.ts'
import { deleteMessage, getRaw } from '../../core/messages/messages.ts'
import { getReceived, listReceived, locate } from '../../core/messages/received.ts'
import { flag } from '../query.ts'
import { rawMail } from '../raw-mail.ts'
import { route } from '../route.ts'
import { readPlace } from './ids.ts'
import { Ok } from './inboxes.ts'
import { FullMessageShape, MessageItem, toFull, toItem } from './message-shapes.ts'
import { inDomain, limit } from './query.ts'

export const list = route({
  method: 'GET',
  path: '/messages',
  handsOut: true,
  scope: 'read',
  refuses: ['not_found'],
  summary: 'The newest received messages of all your inboxes, or of one',
  query: z.object({ inbox: z.string().optional().describe('The id of an inbox'), limit }),
  reply: z.object({ items: z.array(MessageItem) }),
  async handle({ app, caller, query }) {
    const { inbox = null, limit } = query
    if (inbox !== null && !isUuid(inbox)) throw notFound('inbox')
    const found = await listReceived(app, caller, { mailbox: inbox, limit })
    return { items: found.map(({ message, place }) => toItem(message, place)) }
  },
})

export const get = route({
  method: 'GET',
  path: '/messages/:uid',
  handsOut: true,
  scope: 'read',
  summary: 'One received message, whole',
  query: inDomain.extend({ remoteImages: flag.optional().describe('True leaves images of other servers in htmlBody') }),
  reply: FullMessageShape,
  async handle({ app, caller, params, query }) {
    const { domain, remoteImages = false } = query
    const place = readPlace(params.uid, domain)
    return toFull(app, await getReceived(app, caller, place), place, { remoteImages })
  },
})

export const raw = route({
  method: 'GET',
  path: '/messages/:uid/raw',
  scope: 'read',
  summary: 'The exact bytes of a message',
  query: inDomain,
  produces: 'message/rfc822',
  async handle({ app, caller, params, query }) {
    const place = readPlace(params.uid, query.domain)
    const { id, mailboxId } = await locate(app, caller, place)
    return rawMail((await getRaw(app, caller, mailboxId, id)).raw, `${place.uid}.eml`)
  },
})

export const remove = route({
  method: 'DELETE',
  path: '/messages/:uid',
  scope: 'write',
  summary: 'Delete a message',
  query: inDomain,
  reply: Ok,
  async handle({ app, caller, params, query }) {
    const { id, mailboxId } = await locate(app, caller, readPlace(params.uid, query.domain))
    await deleteMessage(app, caller, mailboxId, id)
    return { ok: true as const }
  },
})
