// Files mails for webhooks that lead to <url> and posts them until it is killed: node webhook-writer.ts <folder> <url> <mails>
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import type { App } from '../../src/core/app.ts'
import { systemClock } from '../../src/core/clock.ts'
import { newId, type WebhookId } from '../../src/core/ids.ts'
import { silentLog } from '../../src/core/log.ts'
import { secretsFrom } from '../../src/core/secrets.ts'
import { newSecret } from '../../src/core/webhooks/secrets.ts'
import { WebhookWorker } from '../../src/core/webhooks/worker.ts'
import { openSqliteStore } from '../../src/storage/sqlite-store.ts'
import { HttpWebhookSender } from '../../src/transport/webhook-sender.ts'
import { fakeResolver } from '../fakes/dns-zone.ts'
import { buildMailbox, buildOrganization, fileMail } from './builders.ts'
import { testRenderers } from './webhook-renderers.ts'

const [folder = '.', url = '', mails = '0'] = process.argv.slice(2)
const store = await openSqliteStore({ path: join(folder, 'posthouse.db'), clock: systemClock })
const sender = new HttpWebhookSender({ resolver: fakeResolver({}), allowNet: ['127.0.0.0/8'] })
const secrets = secretsFrom('the secret of the tests')
const webhooks = { sender, renderers: testRenderers }
// Only what a webhook worker asks for.
const app = { clock: systemClock, log: silentLog, secrets, store, webhooks } as unknown as App

const owner = await buildOrganization(store)
const mailbox = await buildMailbox(store, owner)
const orgId = owner.organization.id
for (let i = 0; i < 3; i++) {
  const id = newId<WebhookId>()
  const secretOwner = `webhook:${id}`
  await store.run('webhooks.create', {
    webhook: {
      ...{ id, orgId, projectId: owner.project.id, style: 'agents', url: `${url}/${i}`, topics: ['message.received'] },
      ...{ allMailboxes: true, mailboxIds: [], projectIds: [], secretOwner, headerNames: [], sealedHeaders: null },
      ...{ options: {}, clientId: null },
    },
    secret: newSecret(app, secretOwner, orgId).sealed,
    limit: null,
  })
}
new WebhookWorker(app)
for (let i = 0; i < Number(mails); i++) {
  const { messageId } = await fileMail(store, mailbox)
  writeSync(1, `${messageId}\n`)
}
setInterval(() => {}, 1000)
