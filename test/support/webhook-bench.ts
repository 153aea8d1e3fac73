import type { Caller } from '../../src/core/accounts/caller.ts'
import { authenticateKey } from '../../src/core/accounts/keys.ts'
import type { Mailbox } from '../../src/core/mailboxes/model.ts'
import type { Webhook, WebhookDelivery } from '../../src/core/webhooks/model.ts'
import { type CreateWebhook, createWebhook } from '../../src/core/webhooks/webhooks.ts'
import { WebhookWorker } from '../../src/core/webhooks/worker.ts'
import { type TestApp, type TestAppOptions, testApp } from './app.ts'
import { fileMail } from './builders.ts'
import { testRenderers } from './webhook-renderers.ts'

/** A product with one mailbox whose webhooks may reach loopback, and a worker. */
export interface WebhookBench extends AsyncDisposable {
  test: TestApp
  app: TestApp['app']
  caller: Caller
  box: Mailbox
  worker: WebhookWorker
  webhook(url: string, fields?: Partial<CreateWebhook>): Promise<{ webhook: Webhook; secret: string }>
  mail(count?: number): Promise<void>
  log(webhook: Webhook): Promise<WebhookDelivery[]>
  /** Moves the clock and waits until nothing is due. */
  advance(ms: number): Promise<void>
}

export async function webhookBench(options: TestAppOptions = {}): Promise<WebhookBench> {
  // Receivers' libraries refuse timestamps that are not of today.
  const start = Date.now()
  const test = await testApp({ allowNet: ['127.0.0.0/8'], renderers: testRenderers, start, ...options })
  const { app, clock } = test
  const caller = await authenticateKey(app, test.key)
  const { orgId, projectId } = caller
  const place = { localPart: 'box', domain: app.settings.mailDomain }
  const names = { displayName: null, clientId: null }
  const { mailbox: box } = await app.store.run('mailboxes.create', { orgId, projectId, ...place, ...names })
  const worker = new WebhookWorker(app)
  return {
    ...{ test, app, caller, box, worker },
    async webhook(url, fields = {}) {
      const made = await createWebhook(app, caller, { style: 'agents', url, topics: ['message.received'], ...fields })
      return { webhook: made.webhook, secret: made.secret ?? '' }
    },
    async mail(count = 1) {
      await Promise.all(Array.from({ length: count }, () => fileMail(app.store, box)))
    },
    log: async (webhook) =>
      (await app.store.read.webhooks.deliveries(orgId, { webhookId: webhook.id }, { limit: 10_000 })).items,
    async advance(ms) {
      clock.advance(ms)
      await worker.idle()
    },
    async [Symbol.asyncDispose]() {
      await worker[Symbol.asyncDispose]()
      await test[Symbol.asyncDispose]()
    },
  }
}
