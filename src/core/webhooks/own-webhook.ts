import { type Caller, demand } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { type MailboxId, newId, type WebhookId } from '../ids.ts'
import type { OwnWebhook } from '../mailboxes/hook-commands.ts'
import { calendarOf } from './calendar.ts'
import { checkWebhookUrl } from './rules.ts'
import { newSecret, openSecrets } from './secrets.ts'

/** The webhook of one mailbox that a URL asks for, signed with the secret that its project's mailboxes share. */
export async function planOwnWebhook(app: App, caller: Caller, mailboxId: MailboxId, url: string): Promise<OwnWebhook> {
  const { plan } = await planWebhook(app, caller, { mailboxId, url, style: 'automation', secretOwner: ownerOf(caller) })
  return plan
}

/** The same, signed with a secret of its own, whose text is for its maker. */
export async function planSeparateWebhook(
  app: App,
  caller: Caller,
  wanted: Pick<Wanted, 'mailboxId' | 'url' | 'style'>,
) {
  return planWebhook(app, caller, { ...wanted, secretOwner: null })
}

interface Wanted {
  mailboxId: MailboxId
  url: string
  style: 'automation' | 'disposable'
  /** Null: its own. */
  secretOwner: string | null
}

async function planWebhook(app: App, caller: Caller, wanted: Wanted): Promise<{ plan: OwnWebhook; secret: string }> {
  const { mailboxId, url, style } = wanted
  checkWebhookUrl(url)
  demand(caller, 'webhook_create')
  await app.webhooks.sender.check(url, calendarOf(style).reach)
  const { orgId, projectId } = caller
  const id = newId<WebhookId>()
  const secretOwner = wanted.secretOwner ?? `webhook:${id}`
  const webhook = {
    ...{ id, orgId, projectId, url, secretOwner, style },
    ...({ topics: ['message.received'] } as const),
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
  const { text, sealed } = newSecret(app, secretOwner, orgId)
  return { plan: { webhook, secret: sealed }, secret: text }
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
