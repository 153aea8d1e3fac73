import { type Caller, demand, reachOf } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { invalid, notFound } from '../errors.ts'
import { canonicalOrNone } from '../mailboxes/canonical.ts'
import { toAsciiDomain } from '../mailboxes/local-part.ts'
import type { ListEntry, ListName, ListPlace } from './model.ts'
import type { ListPage } from './store.ts'

const MAX_REASON = 500

/** The entries of a list: that of the mailbox, project or organization that the caller reaches. */
export async function listEntries(app: App, caller: Caller, list: ListName, page: ListPage): Promise<ListEntry[]> {
  demand(caller, 'list_entry_read')
  return app.store.read.lists.list(placeOf(caller), list, page)
}

export async function getListEntry(app: App, caller: Caller, list: ListName, entry: string): Promise<ListEntry> {
  demand(caller, 'list_entry_read')
  const found = await app.store.read.lists.get(placeOf(caller), list, toEntry(entry) ?? '')
  if (!found) throw notFound('list entry')
  return found
}

export async function addEntry(
  app: App,
  caller: Caller,
  list: ListName,
  input: { entry: string; reason: string | null },
): Promise<ListEntry> {
  const { direction, type } = list
  const entry = toEntry(input.entry)
  if (entry === undefined) throw invalid('entry', 'must be an address or a domain')
  checkReason(input.reason)
  demand(caller, 'list_entry_create')
  return app.store.run('lists.add', { ...placeOf(caller), direction, type, entry, reason: input.reason })
}

export async function removeEntry(app: App, caller: Caller, list: ListName, entry: string): Promise<void> {
  demand(caller, 'list_entry_delete')
  await app.store.run('lists.remove', { place: placeOf(caller), list, entry: toEntry(entry) ?? '' })
}

// The narrowest that the caller is confined to.
function placeOf(caller: Caller): ListPlace {
  return { ...reachOf(caller), ...(caller.mailboxId !== null && { projectId: caller.projectId }) }
}

/** An address or a domain in the spelling that is compared; undefined for what is neither. */
function toEntry(text: string): string | undefined {
  const trimmed = text.trim()
  // Reading a domain drops line ends and decodes percent signs, as reading a URL does.
  if (/[\s\p{Cc}%:/\\?#]/u.test(trimmed)) return undefined
  if (trimmed.includes('@')) return canonicalOrNone(trimmed)
  return toAsciiDomain(trimmed)
}

function checkReason(reason: string | null): void {
  if (reason === null) return
  if (/\p{Cc}/u.test(reason) || !reason.isWellFormed()) throw invalid('reason', 'must not hold control characters')
  if ([...reason].length > MAX_REASON) throw invalid('reason', `must have at most ${MAX_REASON} characters`)
}
