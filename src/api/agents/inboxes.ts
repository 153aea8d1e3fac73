import { z } from 'zod'
import {
  createMailbox,
  deleteMailbox,
  findMailbox,
  listMailboxes,
  updateMailbox,
} from '../../core/mailboxes/mailboxes.ts'
import type { Mailbox } from '../../core/mailboxes/model.ts'
import { Answer, route } from '../route.ts'
import { parseInboxRef, printId } from './ids.ts'
import { pageOf, pageQuery, toPage, toPageRequest } from './paging.ts'
import { printTime, Time } from './time.ts'

const Inbox = z
  .object({
    inbox_id: z.string(),
    email_address: z.string(),
    username: z.string(),
    domain: z.string(),
    display_name: z.string().nullable(),
    client_id: z.string().nullable(),
    created_at: Time,
    updated_at: Time,
  })
  .meta({ id: 'Inbox' })

export const create = route({
  method: 'POST',
  path: '/inboxes',
  summary: 'Make an inbox; mail to its address is taken from now on',
  body: z.object({
    username: z.string().meta({ examples: ['agent-1'] }),
    domain: z.string().nullish(),
    display_name: z.string().nullish(),
    client_id: z.string().nullish(),
  }),
  reply: Inbox,
  status: 201,
  otherwise: { 200: 'The inbox that this client_id made before' },
  async handle({ app, caller, body }) {
    const { mailbox, created } = await createMailbox(app, caller, {
      localPart: body.username,
      domain: body.domain ?? null,
      displayName: body.display_name ?? null,
      clientId: body.client_id ?? null,
    })
    return new Answer(created ? 201 : 200, toInbox(mailbox))
  },
})

export const list = route({
  method: 'GET',
  path: '/inboxes',
  summary: 'The inboxes, newest first',
  query: pageQuery,
  reply: pageOf(Inbox),
  async handle({ app, caller, query }) {
    return toPage(await listMailboxes(app, caller, toPageRequest(query)), query, toInbox)
  },
})

export const get = route({
  method: 'GET',
  path: '/inboxes/:inboxId',
  summary: 'One inbox, by id or address',
  reply: Inbox,
  async handle({ app, caller, params }) {
    return toInbox(await findMailbox(app, caller, parseInboxRef(params.inboxId)))
  },
})

export const update = route({
  method: 'PATCH',
  path: '/inboxes/:inboxId',
  summary: 'Change the display name; null clears it',
  body: z.object({ display_name: z.string().nullish() }),
  reply: Inbox,
  async handle({ app, caller, params, body }) {
    const change = body.display_name === undefined ? {} : { displayName: body.display_name }
    return toInbox(await updateMailbox(app, caller, parseInboxRef(params.inboxId), change))
  },
})

export const remove = route({
  method: 'DELETE',
  path: '/inboxes/:inboxId',
  summary: 'Delete an inbox and everything in it',
  async handle({ app, caller, params }) {
    await deleteMailbox(app, caller, parseInboxRef(params.inboxId))
  },
})

function toInbox(mailbox: Mailbox): z.output<typeof Inbox> {
  return {
    inbox_id: printId('inbox', mailbox.id),
    email_address: mailbox.address,
    username: mailbox.localPart,
    domain: mailbox.domain,
    display_name: mailbox.displayName,
    client_id: mailbox.clientId,
    created_at: printTime(mailbox.createdAt),
    updated_at: printTime(mailbox.updatedAt),
  }
}
