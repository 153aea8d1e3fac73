import { z } from 'zod'
import type { App } from '../../../core/app.ts'
import { notFound } from '../../../core/errors.ts'
import { addEntry, getListEntry, listEntries, removeEntry } from '../../../core/lists/lists.ts'
import { type ListEntry, type ListName, listDirections, listTypes } from '../../../core/lists/model.ts'
import { addressesOf } from '../../../core/mailboxes/mailboxes.ts'
import { route } from '../../route.ts'
import { printId } from '../ids.ts'
import { printTime, Time } from '../time.ts'
import { present } from './absent.ts'
import { pageOf, pageQuery, toPage, toPageRequest } from './paging.ts'

const Entry = z
  .object({
    entry: z.string(),
    organization_id: z.string(),
    pod_id: z.string().optional(),
    inbox_id: z.string().optional(),
    reason: z.string().optional(),
    direction: z.enum(listDirections),
    list_type: z.enum(listTypes),
    entry_type: z.enum(['email', 'domain']),
    read_only: z.boolean().optional().describe('Made by a bounce or a complaint, and not to be deleted'),
    created_at: Time,
  })
  .meta({ id: 'ListEntry' })

export const lists = {
  list: route({
    method: 'GET',
    path: '/lists/:direction/:type',
    summary: 'The entries of a list, by name',
    query: pageQuery,
    reply: pageOf('entries', Entry),
    async handle(call) {
      const { app, caller, params } = call
      const list = parseList(params)
      const name = `lists ${list.direction} ${list.type} ${caller.mailboxId ?? caller.projectId} ${caller.projectOnly}`
      const { limit, after } = toPageRequest(call, name)
      const entries = await listEntries(app, caller, list, { limit, ...(after && { after: after.id }) })
      const toItem = await printer(app, entries)
      return toPage(call, 'entries', entries, { name, toItem, cursorOf: ({ entry }) => ({ at: 0, id: entry }) })
    },
  }),

  create: route({
    method: 'POST',
    path: '/lists/:direction/:type',
    summary: 'Put an address or a domain on a list; it counts from now on',
    body: z.object({ entry: z.string(), reason: z.string().nullish() }),
    reply: Entry,
    async handle({ app, caller, params, body }) {
      const { entry, reason = null } = body
      const made = await addEntry(app, caller, parseList(params), { entry, reason })
      return (await printer(app, [made]))(made)
    },
  }),

  get: route({
    method: 'GET',
    path: '/lists/:direction/:type/:entry',
    summary: 'One entry of a list',
    reply: Entry,
    async handle({ app, caller, params }) {
      const found = await getListEntry(app, caller, parseList(params), params.entry)
      return (await printer(app, [found]))(found)
    },
  }),

  delete: route({
    method: 'DELETE',
    path: '/lists/:direction/:type/:entry',
    summary: 'Take an entry off a list',
    async handle({ app, caller, params }) {
      await removeEntry(app, caller, parseList(params), params.entry)
    },
  }),
}

function parseList(params: { direction: string; type: string }): ListName {
  const direction = listDirections.find((name) => name === params.direction)
  const type = listTypes.find((name) => name === params.type)
  if (!direction || !type) throw notFound('list')
  return { direction, type }
}

async function printer(app: App, entries: readonly ListEntry[]) {
  const addresses = await addressesOf(
    app,
    entries.flatMap(({ mailboxId }) => mailboxId ?? []),
  )
  return (entry: ListEntry): z.output<typeof Entry> =>
    present({
      entry: entry.entry,
      organization_id: printId('organization', entry.orgId),
      pod_id: entry.projectId && printId('pod', entry.projectId),
      inbox_id: entry.mailboxId && addresses.get(entry.mailboxId),
      reason: entry.reason,
      direction: entry.direction,
      list_type: entry.type,
      entry_type: entry.entry.includes('@') ? ('email' as const) : ('domain' as const),
      read_only: entry.readOnly || null,
      created_at: printTime(entry.createdAt),
    })
}
