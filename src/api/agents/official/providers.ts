import { z } from 'zod'
import { notFound } from '../../../core/errors.ts'
import { findMailbox } from '../../../core/mailboxes/mailboxes.ts'
import { type Route, route } from '../../route.ts'
import { parseInboxRef } from '../ids.ts'
import { pageOf, pageQuery, toPage } from './paging.ts'

// Signing in elsewhere as an inbox is a service of AgentMail's own. Nobody is connected here, so there is nothing to list or to find.
const Nothing = z.object({})

export const providers = {
  list: empty('/providers', 'providers'),
  search: empty('/providers/search', 'providers'),
  get: unknown('GET', '/providers/:provider_id', 'provider'),
  list_accounts: unknown('GET', '/providers/:provider_id/accounts', 'provider'),
  connect: unknown('POST', '/providers/:provider_id/connect', 'provider'),
}

export const accounts = {
  list: empty('/accounts', 'accounts'),
  get: unknown('GET', '/accounts/:account_id', 'account'),
}

export const authorization = {
  authorize: route({
    method: 'POST',
    path: '/inboxes/:inbox_id/authorize',
    summary: 'Signing in elsewhere as an inbox: nothing waits for it on this server',
    reply: Nothing,
    async handle({ app, caller, params }) {
      await findMailbox(app, caller, parseInboxRef(params.inbox_id))
      throw notFound('authorization')
    },
  }),
}

function empty(path: string, plural: 'providers' | 'accounts'): Route {
  return route({
    method: 'GET',
    path,
    summary: `Always empty: this server knows no ${plural}`,
    query: pageQuery.extend({ q: z.string().optional() }),
    reply: pageOf(plural, Nothing),
    handle: async (call) => toPage(call, plural, [], { toItem: () => ({}), cursorOf: () => ({ at: 0, id: '' }) }),
  })
}

function unknown(method: 'GET' | 'POST', path: string, what: string): Route {
  return route({
    method,
    path,
    summary: `There is no such ${what} on this server`,
    reply: Nothing,
    async handle() {
      throw notFound(what)
    },
  })
}
