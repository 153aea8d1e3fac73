import { type Caller, demand } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { notFound } from '../errors.ts'
import type { WebhookDeliveryId } from '../ids.ts'
import { reachMailbox } from '../mailboxes/mailboxes.ts'
import type { Page, PageRequest } from '../paging.ts'
import type { Webhook, WebhookDelivery } from './model.ts'
import type { WebhookDeliveryFilter } from './store.ts'

/** What was posted by the webhook that is a property of a mailbox, newest first; nothing when it has none. */
export async function listOwnDeliveries(
  app: App,
  caller: Caller,
  mailbox: string,
  filter: Pick<WebhookDeliveryFilter, 'success'>,
  page: PageRequest,
): Promise<Page<WebhookDelivery>> {
  demand(caller, 'webhook_read')
  const webhook = await ownWebhook(app, caller, mailbox)
  if (!webhook) return { items: [], total: 0 }
  return app.store.read.webhooks.deliveries(webhook.orgId, { ...filter, webhookId: webhook.id }, page)
}

/** Tells the same message again. */
export async function replayOwnDelivery(
  app: App,
  caller: Caller,
  mailbox: string,
  id: WebhookDeliveryId,
): Promise<WebhookDelivery> {
  demand(caller, 'webhook_update')
  const webhook = await ownWebhook(app, caller, mailbox)
  const delivery = webhook && (await app.store.read.webhooks.delivery(webhook.orgId, id))
  if (delivery?.webhookId !== webhook?.id || !delivery) throw notFound('webhook delivery')
  return app.store.run('webhooks.replay', { orgId: delivery.orgId, id })
}

async function ownWebhook(app: App, caller: Caller, mailbox: string): Promise<Webhook | undefined> {
  const { id } = await reachMailbox(app, caller, mailbox)
  return (await app.store.read.webhooks.ofMailboxes('automation', [id])).get(id)
}
