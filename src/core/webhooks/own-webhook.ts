import { type Caller, demand } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { type MailboxId, newId, type WebhookId } from '../ids.ts'
import type { OwnWebhook } from '../mailboxes/hook-commands.ts'
import { calendarOf } from './calendar.ts'
import { checkWebhookUrl } from './rules.ts'
import { newSecret, openSecrets } from './secrets.ts'

/** The webhook of one mailbox that a URL asks for, signed with the secret that its project's mailboxes share. */
export async function planOwnWebhook(app: App, caller: Caller, mailboxId: MailboxId, url: string): Promise<OwnWebhook> {
  checkWebhookUrl(url)
  demand(caller, 'webhook_create')
  await app.webhooks.sender.check(url, calendarOf('automation').reach)
  const { orgId, projectId } = caller
  const secretOwner = ownerOf(caller)
  const webhook = {
    ...{ id: newId<WebhookId>(), orgId, projectId, url, secretOwner },
    ...({ style: 'automation', topics: ['message.received'] } as const),
    ...{
      allMailboxes: false,
      mailboxIds: [mailboxId],
      projectIds: [],
      headerNames: [],
      sealedHeaders: null,
      options: {},
      clientId: null,
    },
  } satisfies OwnWebhook['webhook']
  return { webhook, secret: newSecret(app, secretOwner, orgId).sealed }
}

/**
 * The secrets that sign for the mailboxes of the caller's project, the newest first; made when there is none. They are credentials,
 * and who reads them needs what reading keys needs.
 */
export async function readProjectSecrets(app: App, caller: Caller): Promise<string[]> {
  demand(caller, 'api_key_read')
  const secret = await app.store.run('webhooks.ensure-secret', newSecret(app, ownerOf(caller), caller.orgId).sealed)
  return openSecrets(app, secret.secret, app.clock.now())
}

/** A new secret for the project; the one before signs beside it for a day. */
export async function rotateProjectSecret(app: App, caller: Caller): Promise<string[]> {
  demand(caller, 'api_key_update')
  const secret = await app.store.run('webhooks.rotate-secret', newSecret(app, ownerOf(caller), caller.orgId).sealed)
  return openSecrets(app, secret, app.clock.now())
}

const ownerOf = ({ projectId }: Caller) => `project:${projectId}`
