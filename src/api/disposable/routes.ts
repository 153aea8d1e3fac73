import type { Dialect } from '../dialect.ts'
import * as attachments from './attachments.ts'
import { authenticate } from './auth.ts'
import * as credentials from './credentials.ts'
import { errorSchema, toReply } from './errors.ts'
import * as inboxes from './inboxes.ts'
import * as me from './me.ts'
import * as messages from './messages.ts'
import * as outbound from './outbound.ts'
import * as sends from './sends.ts'
import * as waits from './wait.ts'

export const routes = {
  list_inboxes: inboxes.list,
  create_inbox: inboxes.create,
  get_inbox: inboxes.get,
  delete_inbox: inboxes.remove,
  smtp_credentials: credentials.issue,
  wait_for_mail: waits.wait,

  list_messages: messages.list,
  send_message: sends.send,
  list_outbound: outbound.list,
  get_message: messages.get,
  get_raw_message: messages.raw,
  get_attachment: attachments.get,
  delete_message: messages.remove,

  me: me.get,
}

/** Disposable inboxes for test suites and agents: the seed API at `/v1`. */
export const disposable: Dialect = {
  name: 'disposable',
  title: 'Posthouse for tests',
  description: 'Disposable inboxes: make one, let something mail it, wait for the code.',
  prefixes: ['/v1'],
  routes,
  authenticate,
  toReply,
  docs: {
    security: {
      type: 'http',
      scheme: 'bearer',
      description: 'An API key. Each of the scopes read, write and admin includes those before it',
    },
    error: errorSchema,
  },
}
