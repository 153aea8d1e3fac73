import { z } from 'zod'
import type { MailboxId } from '../../core/ids.ts'
import {
  configureMailbox,
  createHookMailbox,
  getMailboxState,
  listMailboxStates,
} from '../../core/mailboxes/hook-mailboxes.ts'
import { deleteMailbox } from '../../core/mailboxes/mailboxes.ts'
import { flag } from '../query.ts'
import { route } from '../route.ts'
import { parseGuid } from './ids.ts'
import {
  changedAt,
  Inbox,
  InboxChange,
  InboxDetail,
  NewInbox,
  toDetail,
  toInbox,
  toNewPolicy,
  toPolicy,
} from './inbox-shapes.ts'
import { listOf, listQuery, toList, toPageRequest } from './paging.ts'
import { Time } from './time.ts'
import { word } from './words.ts'

export const create = route({
  method: 'POST',
  path: '/inbox',
  summary: 'Make an inbox with an address of its own',
  body: NewInbox,
  reply: Inbox,
  status: 201,
  async handle({ app, caller, body }) {
    const { id, name, webhookUrl = null, enabled = true, ...given } = body
    const mailbox = await createHookMailbox(app, caller, {
      ...(id && { id: id as MailboxId }),
      displayName: name,
      policy: toNewPolicy(given, app.settings.maxMessageBytes),
      enabled,
      webhookUrl,
    })
    return toInbox(mailbox, webhookUrl, app.settings)
  },
})

export const list = route({
  method: 'GET',
  path: '/inbox',
  summary: 'All inboxes of the project',
  query: listQuery.extend({
    sortBy: word('Name', 'CreatedAt').default('CreatedAt'),
    sortOrder: word('Asc', 'Desc').default('Desc'),
  }),
  reply: listOf(InboxDetail),
  async handle({ app, caller, query }) {
    const order = { ascending: query.sortOrder === 'Asc', ...(query.sortBy === 'Name' && { by: 'name' as const }) }
    const found = await listMailboxStates(app, caller, { ...toPageRequest(query), ...order })
    return toList(query, found, (state) => toDetail(state, app.settings))
  },
})

export const get = route({
  method: 'GET',
  path: '/inbox/:id',
  summary: 'One inbox with its counts',
  reply: InboxDetail,
  async handle({ app, caller, params }) {
    return toDetail(await getMailboxState(app, caller, parseGuid(params.id)), app.settings)
  },
})

export const update = route({
  method: 'PUT',
  path: '/inbox/:id',
  summary: 'Change what is given; null clears the sender list or the webhook',
  body: InboxChange,
  reply: z.object({ id: z.string(), hookAddress: z.string(), updatedAt: Time.nullable() }),
  async handle({ app, caller, params, body }) {
    const { name, webhookUrl, enabled } = body
    const mailbox = await configureMailbox(app, caller, parseGuid(params.id), {
      ...(name !== undefined && { displayName: name }),
      ...(enabled !== undefined && { enabled }),
      ...(webhookUrl !== undefined && { webhookUrl }),
      policy: toPolicy(body),
    })
    return { id: mailbox.id, hookAddress: mailbox.address, updatedAt: changedAt(mailbox) }
  },
})

export const remove = route({
  method: 'DELETE',
  path: '/inbox/:id',
  summary: 'Delete an inbox and everything in it; without force, not while unhandled messages are in it',
  query: z.object({ force: flag.default(false) }),
  reply: z.object({ id: z.string(), hookAddress: z.string() }),
  async handle({ app, caller, params, query }) {
    const options = { unlessUnhandled: !query.force }
    const { id, address } = await deleteMailbox(app, caller, parseGuid(params.id), options)
    return { id, hookAddress: address }
  },
})
