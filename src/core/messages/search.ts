import { type Caller, demand } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { invalid } from '../errors.ts'
import { reachMailbox } from '../mailboxes/mailboxes.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import { isExpired } from '../mailboxes/policy.ts'
import type { Page, PageRequest } from '../paging.ts'
import { isHidden } from '../threads/fold.ts'
import type { Message } from './model.ts'

const MAX_QUERY = 500
/** Nobody turns the pages of a search this far; the total counts up to it. */
const MAX_MATCHES = 500

/**
 * The messages of a mailbox that have all words of a query (each may be the beginning of one), best first. Spam, blocked and trashed
 * mail is never among them. A message is found at the latest a second after it was filed.
 */
export async function searchMessages(
  app: App,
  caller: Caller,
  mailbox: string,
  text: string,
  { offset = 0, limit }: PageRequest,
): Promise<Page<Message> & { mailbox: Mailbox }> {
  if (text.trim() === '' || text.length > MAX_QUERY) throw invalid('q', `must have 1 to ${MAX_QUERY} characters`)
  demand(caller, 'message_read')
  const found = await reachMailbox(app, caller, mailbox)
  const ids = await app.search.find({ orgId: found.orgId, mailboxId: found.id, text, limit: MAX_MATCHES })
  // The index may still know what the rows have lost; they decide.
  const now = app.clock.now()
  const shown = (await app.store.read.messages.withIds(ids)).filter((message) => {
    return message.mailboxId === found.id && !isHidden(message) && !isExpired(found, message, now)
  })
  return { mailbox: found, items: shown.slice(offset, offset + limit), total: shown.length }
}
