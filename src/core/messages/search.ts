import { type Caller, demand, type Reach, reachOf } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { invalid } from '../errors.ts'
import { reachMailbox } from '../mailboxes/mailboxes.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import { isExpired } from '../mailboxes/policy.ts'
import type { Page, PageRequest } from '../paging.ts'
import { isHidden } from './hiding.ts'
import { mentionsOf } from './mentions.ts'
import type { Message } from './model.ts'

const MAX_QUERY = 500
/** Nobody turns the pages of a search this far; the total counts up to it. */
const MAX_MATCHES = 500

/** Exclusive bounds on `at`. */
export interface SearchBounds {
  before?: number
  after?: number
}

/**
 * The messages of a mailbox that have all words of a query (each may be the beginning of one), best first; then those where each of its
 * texts is anywhere in sender, recipients or subject, newest first. Spam, blocked and trashed mail is never among them. Words are found
 * at the latest a second after the message was filed.
 */
export async function searchMessages(
  app: App,
  caller: Caller,
  mailbox: string,
  text: string,
  { offset = 0, limit }: PageRequest,
  bounds: SearchBounds = {},
): Promise<Page<Message> & { mailbox: Mailbox }> {
  checkQuery(text)
  demand(caller, 'message_read')
  const found = await reachMailbox(app, caller, mailbox)
  const shown = await findMatches(app, { ...reachOf(caller), mailboxId: found.id }, text, bounds)
  return { mailbox: found, items: shown.slice(offset, offset + limit), total: shown.length }
}

function checkQuery(text: string): void {
  if (text.trim() === '' || text.length > MAX_QUERY) throw invalid('q', `must have 1 to ${MAX_QUERY} characters`)
}

/** What of a reach matches a query, best first, hidden mail left out. The index may still know what the rows have lost; they decide. */
export async function findMatches(app: App, reach: Reach, text: string, bounds: SearchBounds): Promise<Message[]> {
  checkQuery(text)
  const { orgId, mailboxId } = reach
  const narrowed = mailboxId === null ? {} : { mailboxId }
  const [byWords, byTexts] = await Promise.all([
    app.search.find({ orgId, ...narrowed, text, ...bounds, limit: MAX_MATCHES }),
    mentioning(app, reach, text, bounds),
  ])
  const ids = [...new Set([...byWords, ...byTexts])].slice(0, MAX_MATCHES)
  const rows = await app.store.read.messages.withIds(ids)
  const shown = rows.filter((m) => m.orgId === orgId && !isHidden(m) && (mailboxId ?? m.mailboxId) === m.mailboxId)
  const now = app.clock.now()
  const mailboxes = await app.store.read.mailboxes.withIds([...new Set(shown.map((m) => m.mailboxId))])
  return shown.filter((m) => {
    const home = mailboxes.get(m.mailboxId)
    if (!home || isExpired(home, m, now)) return false
    return reach.projectId === null || home.projectId === reach.projectId
  })
}

async function mentioning(app: App, reach: Reach, text: string, bounds: SearchBounds) {
  const texts = mentionsOf(text)
  if (texts.length === 0) return []
  return app.store.read.messages.mentioning(reach, { texts, ...bounds, limit: MAX_MATCHES })
}
