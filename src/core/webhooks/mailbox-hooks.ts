import type { Caller } from '../accounts/caller.ts'
import { reachOf } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import type { MailboxId } from '../ids.ts'
import type { WebhookStyle } from './model.ts'

const MAX = 100_000

/** The URLs of the webhooks of a style that are properties of one mailbox, by that mailbox. What the caller does not see it cannot use. */
export async function hooksOf(
  app: App,
  caller: Caller,
  style: WebhookStyle,
  mailboxId?: MailboxId,
): Promise<Map<MailboxId, string>> {
  const filter = { styles: [style], ...(mailboxId && { mailboxId }) }
  const { items } = await app.store.read.webhooks.list(reachOf(caller), filter, { limit: MAX })
  return new Map(items.flatMap(({ mailboxIds: [id], url }) => (id ? [[id, url] as const] : [])))
}
