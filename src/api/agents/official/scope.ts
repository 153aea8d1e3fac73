import type { Caller } from '../../../core/accounts/caller.ts'
import { narrow } from '../../../core/accounts/narrow.ts'
import type { App } from '../../../core/app.ts'
import type { Route } from '../../route.ts'
import { parseInboxRef, parsePodRef } from '../ids.ts'

/**
 * A place where a resource can be mounted. A resource is written once, as a record of routes whose paths begin at the resource
 * (`/threads/:thread_id`), and knows nothing of scopes: its `handle` gets a caller that is narrowed to the pod or inbox of the path,
 * and what that caller may reach is the scope. To add one: write `official/<resource>.ts` with such a record, and give it to `at` in
 * `routes.ts` with the scopes it lives in. Where a scope has fields of its own, it gets a record of its own.
 */
export interface Scope {
  /** Before the operation names: `pods_threads_list`. */
  prefix: string
  path: string
  /** Said at the end of each summary. */
  words: string
  narrow(app: App, caller: Caller, params: Record<string, string>): Promise<Caller>
}

/** The organization of the key, or whatever less the key opens. */
export const organization: Scope = { prefix: '', path: '', words: '', narrow: async (_app, caller) => caller }

export const pod: Scope = {
  prefix: 'pods_',
  path: '/pods/:pod_id',
  words: ', of one pod',
  narrow: (app, caller, { pod_id = '' }) => narrow(app, caller, { project: parsePodRef(pod_id) }),
}

export const inbox: Scope = {
  prefix: 'inboxes_',
  path: '/inboxes/:inbox_id',
  words: ', of one inbox',
  narrow: (app, caller, { inbox_id = '' }) => narrow(app, caller, { mailbox: parseInboxRef(inbox_id) }),
}

/** The routes of a resource in each of the scopes, by their operation names. */
export function at(scopes: readonly Scope[], resource: string, routes: Readonly<Record<string, Route>>) {
  const mounted = scopes.flatMap((scope) =>
    Object.entries(routes).map(
      ([name, route]) => [`${scope.prefix}${resource}_${name}`, within(scope, route)] as const,
    ),
  )
  return Object.fromEntries(mounted)
}

function within(scope: Scope, route: Route): Route {
  return {
    ...route,
    path: scope.path + route.path,
    summary: route.summary + scope.words,
    async handle(call) {
      return route.handle({ ...call, caller: await scope.narrow(call.app, call.caller, call.params) })
    },
  }
}

/** The mailbox of a caller in the inbox scope. */
export function mailboxOf({ mailboxId }: Caller): string {
  return mailboxId ?? ''
}
