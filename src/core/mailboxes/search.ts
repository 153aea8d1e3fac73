import { type Caller, demand, reachOf } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { invalid } from '../errors.ts'
import type { PageRequest } from '../paging.ts'
import type { Mailbox } from './model.ts'

const MIN_QUERY = 2
const MAX_QUERY = 256
/** Nobody turns the pages of a search this far. */
const MAX_MATCHES = 500

/**
 * The mailboxes whose address or display name has all words of a query, each perhaps as the beginning of one. Best first: the address
 * itself, then addresses that begin with it, then names that do, then the newest.
 */
export async function searchMailboxes(
  app: App,
  caller: Caller,
  text: string,
  { offset = 0, limit }: PageRequest,
): Promise<Mailbox[]> {
  const query = text.trim().toLowerCase()
  if (query.length < MIN_QUERY || query.length > MAX_QUERY) {
    throw invalid('q', `must have ${MIN_QUERY} to ${MAX_QUERY} characters`)
  }
  demand(caller, 'mailbox_read')
  const words = wordsOf(query)
  if (words.length === 0) return []
  const candidates = await app.store.read.mailboxes.search(reachOf(caller), words, MAX_MATCHES)
  const matching = candidates.filter((mailbox) => hasWords(mailbox, words))
  const ranked = matching.map((mailbox, age) => ({ mailbox, rank: rankOf(mailbox, query), age }))
  ranked.sort((a, b) => a.rank - b.rank || a.age - b.age)
  return ranked.slice(offset, offset + limit).map(({ mailbox }) => mailbox)
}

function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
}

function hasWords({ address, displayName }: Mailbox, words: readonly string[]): boolean {
  const own = wordsOf(`${address} ${displayName ?? ''}`)
  return words.every((word) => own.some((one) => one.startsWith(word)))
}

function rankOf({ address, localPart, displayName }: Mailbox, query: string): number {
  if (address === query || localPart === query) return 0
  if (address.startsWith(query)) return 1
  return displayName?.toLowerCase().startsWith(query) ? 2 : 3
}
