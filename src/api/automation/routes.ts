import type { Dialect } from '../dialect.ts'
import * as attachments from './attachments.ts'
import { authenticate } from './auth.ts'
import * as drops from './drops.ts'
import { errorSchema, toReply } from './errors.ts'
import * as events from './events.ts'
import * as handling from './handling.ts'
import * as imap from './imap.ts'
import * as inboxes from './inboxes.ts'
import * as live from './live.ts'
import * as messages from './messages.ts'
import * as webhooks from './webhooks.ts'
import { whoami } from './whoami.ts'

/** The inbox API of workflow tools, as its documentation describes it. */
export const automation: Dialect = {
  name: 'automation',
  title: 'Posthouse: automation inboxes',
  description: 'Addresses for workflows: mail comes in, is polled, pushed or waited for, and handled once.',
  prefixes: ['/api/v1'],
  claims: (_request, _prefix, path) => path === '/whoami' || path === '/inbox' || path.startsWith('/inbox/'),
  routes: {
    createInbox: inboxes.create,
    listInboxes: inboxes.list,
    getInbox: inboxes.get,
    updateInbox: inboxes.update,
    deleteInbox: inboxes.remove,
    listMessages: messages.list,
    getMessage: messages.get,
    handleMessage: handling.handle,
    handleMessages: handling.handleSeveral,
    unhandleMessage: handling.unhandle,
    deleteMessage: messages.remove,
    getRawMessage: messages.raw,
    downloadAttachment: attachments.download,
    getAttachmentUrl: attachments.url,
    waitForMessage: live.wait,
    followInbox: events.follow,
    listDrops: drops.list,
    listWebhookDeliveries: webhooks.deliveries,
    replayWebhookDelivery: webhooks.replay,
    getWebhookSecret: webhooks.secret,
    rotateWebhookSecret: webhooks.rotateSecret,
    createImapSource: imap.create,
    listImapSources: imap.list,
    updateImapSource: imap.update,
    deleteImapSource: imap.remove,
    fetchImapSources: imap.fetchAll,
    fetchImapSource: imap.fetchOne,
    whoami,
  },
  authenticate,
  toReply,
  docs: {
    security: { type: 'http', scheme: 'bearer', description: 'An API key' },
    error: errorSchema,
  },
}
