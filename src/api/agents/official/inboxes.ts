import { z } from 'zod'
import {
  createMailbox,
  deleteMailbox,
  findMailbox,
  listMailboxes,
  updateMailbox,
} from '../../../core/mailboxes/mailboxes.ts'
import type { Mailbox } from '../../../core/mailboxes/model.ts'
import { searchMailboxes } from '../../../core/mailboxes/search.ts'
import { route } from '../../route.ts'
import { parseInboxRef, printId } from '../ids.ts'
import { printTime, Time } from '../time.ts'
import { present } from './absent.ts'
import { pageOf, pageQuery, sortedQuery, toPage, toPageRequest, toSearchPage, toSearchRequest } from './paging.ts'

const optionalText = z.string().nullish()

const Value = z.union([z.string(), z.number(), z.boolean()], { error: 'must be a text, a number or a boolean' })
const Metadata = z.record(z.string(), Value)

export const Inbox = z
  .object({
    pod_id: z.string(),
    inbox_id: z.string().describe('Its address'),
    email: z.string(),
    display_name: z.string().optional(),
    client_id: z.string().optional(),
    metadata: Metadata.optional(),
    updated_at: Time,
    created_at: Time,
  })
  .meta({ id: 'Inbox' })

export const inboxes = {
  list: route({
    method: 'GET',
    path: '/inboxes',
    summary: 'The inboxes, newest first',
    query: sortedQuery,
    reply: pageOf('inboxes', Inbox),
    async handle(call) {
      const { items } = await listMailboxes(call.app, call.caller, toPageRequest(call, 'inboxes'))
      return toPage(call, 'inboxes', items, {
        toItem: toInbox,
        cursorOf: ({ createdAt, id }) => ({ at: createdAt, id }),
      })
    },
  }),

  search: route({
    method: 'GET',
    path: '/inboxes/search',
    summary: 'Inboxes whose address or display name has all words of q, or words that begin so; best first',
    query: pageQuery.extend({ q: z.string() }),
    reply: pageOf('inboxes', Inbox),
    async handle(call) {
      const name = 'inboxes search'
      const found = await searchMailboxes(call.app, call.caller, call.query.q, toSearchRequest(call, name))
      return toSearchPage(call, 'inboxes', found, { name, toItem: toInbox })
    },
  }),

  create: route({
    method: 'POST',
    path: '/inboxes',
    summary: 'Make an inbox; mail to its address is taken from now on',
    body: z.object({
      username: optionalText.describe('A random one when absent'),
      domain: optionalText,
      display_name: optionalText,
      client_id: optionalText,
      metadata: Metadata.nullish(),
    }),
    reply: Inbox,
    async handle({ app, caller, body }) {
      const { mailbox } = await createMailbox(app, caller, {
        localPart: body.username ?? null,
        domain: body.domain ?? null,
        displayName: body.display_name ?? null,
        clientId: body.client_id ?? null,
        ...(body.metadata && { metadata: body.metadata }),
        anyTwin: true,
      })
      return toInbox(mailbox)
    },
  }),

  get: route({
    method: 'GET',
    path: '/inboxes/:inbox_id',
    summary: 'One inbox, by address or id',
    reply: Inbox,
    async handle({ app, caller, params }) {
      return toInbox(await findMailbox(app, caller, parseInboxRef(params.inbox_id)))
    },
  }),

  update: route({
    method: 'PATCH',
    path: '/inboxes/:inbox_id',
    summary: 'Change the display name, and the names in metadata: null removes one, or all',
    body: z
      .object({ display_name: optionalText, metadata: z.record(z.string(), Value.nullable()).nullish() })
      .refine((body) => Object.values(body).some((v) => v !== undefined), 'display_name or metadata is required'),
    reply: Inbox,
    async handle({ app, caller, params, body }) {
      const { display_name, metadata } = body
      const change = {
        ...(display_name !== undefined && { displayName: display_name }),
        ...(metadata !== undefined && { mergeMetadata: metadata }),
      }
      return toInbox(await updateMailbox(app, caller, parseInboxRef(params.inbox_id), change))
    },
  }),

  delete: route({
    method: 'DELETE',
    path: '/inboxes/:inbox_id',
    summary: 'Delete an inbox and everything in it',
    async handle({ app, caller, params }) {
      await deleteMailbox(app, caller, parseInboxRef(params.inbox_id))
    },
  }),
}

function toInbox(mailbox: Mailbox): z.output<typeof Inbox> {
  return present({
    pod_id: printId('pod', mailbox.projectId),
    inbox_id: mailbox.address,
    email: mailbox.address,
    display_name: mailbox.displayName,
    client_id: mailbox.clientId,
    metadata: Object.keys(mailbox.metadata).length > 0 ? mailbox.metadata : null,
    updated_at: printTime(mailbox.updatedAt),
    created_at: printTime(mailbox.createdAt),
  })
}
