import type { Dialect } from '../dialect.ts'
import * as attachments from './attachments.ts'
import { authenticate } from './auth.ts'
import * as captured from './captured.ts'
import * as deliveries from './deliveries.ts'
import * as domains from './domains.ts'
import { answers, errorSchemaOf, toReply } from './errors.ts'
import * as inboxes from './inboxes.ts'
import * as keys from './keys.ts'
import * as messages from './messages.ts'
import * as organizations from './organizations.ts'
import * as sends from './sends.ts'
import * as threads from './threads.ts'
import * as waits from './wait.ts'
import * as webhookDeliveries from './webhook-deliveries.ts'
import * as webhooks from './webhooks.ts'

export const routes = {
  getOrganization: organizations.get,

  createInbox: inboxes.create,
  listInboxes: inboxes.list,
  getInbox: inboxes.get,
  updateInbox: inboxes.update,
  deleteInbox: inboxes.remove,

  sendMessage: sends.send,
  listMessages: messages.list,
  waitForMessage: waits.wait,
  getMessage: messages.get,
  updateMessage: messages.update,
  deleteMessage: messages.remove,
  getRawMessage: messages.raw,
  listDeliveries: deliveries.list,
  replyToMessage: sends.reply,
  replyAllToMessage: sends.replyAll,
  forwardMessage: sends.forward,
  getAttachment: attachments.get,

  listThreads: threads.list,
  getThread: threads.get,
  deleteThread: threads.remove,

  createDomain: domains.create,
  listDomains: domains.list,
  getDomain: domains.get,
  deleteDomain: domains.remove,
  verifyDomain: domains.verify,

  createWebhook: webhooks.create,
  listWebhooks: webhooks.list,
  getWebhook: webhooks.get,
  updateWebhook: webhooks.update,
  deleteWebhook: webhooks.remove,
  rotateWebhookSecret: webhooks.rotateSecret,
  testWebhook: webhookDeliveries.test,
  listWebhookDeliveries: webhookDeliveries.list,
  replayWebhookDelivery: webhookDeliveries.replay,

  createApiKey: keys.create,
  listApiKeys: keys.list,
  deleteApiKey: keys.remove,

  listCaptured: captured.list,
  getRawCaptured: captured.raw,
}

/** Inboxes for agents and programs: the seed API at `/api/v0`. */
export const agents: Dialect = {
  name: 'agents',
  title: 'Posthouse for agents',
  description: 'Inboxes for agents and programs: make one, send from it, read and answer what arrives.',
  prefixes: ['/api/v0'],
  routes,
  authenticate,
  toReply,
  docs: { security: { type: 'http', scheme: 'bearer' }, error: errorSchemaOf(answers) },
}
