import { Failure } from '../errors.ts'
import type { MailboxId, OrgId } from '../ids.ts'
import type { Tx } from '../store.ts'
import { createWebhook, deleteWebhook, type NewWebhook, updateWebhook } from '../webhooks/commands.ts'
import type { NewSecret } from '../webhooks/secret-commands.ts'
import { createMailbox, type MailboxChange, type NewMailbox, updateMailbox } from './commands.ts'
import type { Mailbox } from './model.ts'

/** The webhook that is a property of one mailbox. */
export interface OwnWebhook {
  webhook: NewWebhook
  secret: NewSecret
}

/** Makes a mailbox under a hook address that nobody ever had, and its webhook with it. `taken`: draw another address. */
export async function createHookMailbox(
  tx: Tx,
  input: { mailbox: NewMailbox; selector: string; webhook: OwnWebhook | null },
): Promise<Mailbox> {
  await tx.accounts.lockOrganization(input.mailbox.orgId)
  if (!(await tx.mailboxes.claimSelector(input.selector, tx.now))) {
    throw new Failure('taken', 'This selector is or was in use')
  }
  const { mailbox } = await createMailbox(tx, { ...input.mailbox, addressKind: 'hook' })
  if (input.webhook) await createWebhook(tx, { ...input.webhook, limit: null })
  return mailbox
}

/** Makes a mailbox and its own webhook together. */
export async function createWithWebhook(
  tx: Tx,
  input: { mailbox: NewMailbox; webhook: OwnWebhook | null },
): Promise<Mailbox> {
  const { mailbox } = await createMailbox(tx, input.mailbox)
  if (input.webhook) await createWebhook(tx, { ...input.webhook, limit: null })
  return mailbox
}

/** Changes a mailbox and its own webhook together; `webhook` null takes it away, absent leaves it. */
export async function configureMailbox(
  tx: Tx,
  input: { orgId: OrgId; id: MailboxId; change: MailboxChange; webhook?: OwnWebhook | null },
): Promise<Mailbox> {
  const { orgId, id, change, webhook } = input
  // Before the mailbox's row, as everywhere.
  if (webhook !== undefined) await tx.accounts.lockOrganization(orgId)
  const mailbox = await updateMailbox(tx, { orgId, id, change })
  if (webhook === undefined) return mailbox
  await putWebhook(tx, mailbox, webhook)
  const touched = { ...mailbox, updatedAt: tx.now }
  await tx.mailboxes.update(touched)
  return touched
}

async function putWebhook(tx: Tx, { orgId, id }: Mailbox, wanted: OwnWebhook | null): Promise<void> {
  const known = (await tx.webhooks.ofMailboxes('automation', [id])).get(id)
  if (!known && wanted) await createWebhook(tx, { ...wanted, limit: null })
  else if (known && !wanted) await deleteWebhook(tx, { orgId, id: known.id })
  else if (known && wanted && known.url !== wanted.webhook.url) {
    await updateWebhook(tx, { orgId, id: known.id, change: { url: wanted.webhook.url }, maxMailboxes: 1 })
  }
}
