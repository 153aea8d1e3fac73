import { Failure } from '../errors.ts'
import { canonicalOf } from '../suppressions/check.ts'
import { type ListDirection, type ListPlace, placeId } from './model.ts'
import type { ListMatch, ListReader } from './store.ts'

/** The mailbox that sends or receives, and what it lives in. */
export interface ListedMailbox {
  id: NonNullable<ListPlace['mailboxId']>
  projectId: NonNullable<ListPlace['projectId']>
  orgId: ListPlace['orgId']
}

export interface Refused {
  address: string
  /** The entry that blocks it; null when there is an allow list without it. */
  entry: string | null
}

/**
 * Those of the addresses that the lists of a mailbox, its project and its organization refuse. The narrowest place with an entry for an
 * address decides; in one place the exact address comes before its domain, and block before allow. Where no entry speaks of the
 * address, an allow list that is not empty, in any of the places, admits only what it names.
 */
export async function refusedAmong(
  lists: ListReader,
  mailbox: ListedMailbox,
  direction: ListDirection,
  addresses: readonly string[],
): Promise<Refused[]> {
  const { orgId, projectId, id } = mailbox
  if (addresses.length === 0 || !(await lists.inUse(orgId))) return []
  const places = [
    placeId({ orgId, projectId, mailboxId: id }),
    placeId({ orgId, projectId, mailboxId: null }),
    placeId({ orgId, projectId: null, mailboxId: null }),
  ]
  const names = addresses.map((address) => namesOf(address))
  const matches = await lists.matching(places, direction, [...new Set(names.flat())])
  const guarded = (await lists.guarded(places, direction)).length > 0
  return addresses.flatMap((address, at): Refused[] => {
    const match = deciding(matches, places, names[at] ?? [])
    if (match) return match.type === 'block' ? [{ address, entry: match.entry }] : []
    return guarded ? [{ address, entry: null }] : []
  })
}

/** The address and its domain, as entries are kept. */
function namesOf(address: string): string[] {
  const canonical = canonicalOf(address)
  return [canonical, canonical.slice(canonical.lastIndexOf('@') + 1)]
}

function deciding(matches: readonly ListMatch[], places: readonly string[], names: readonly string[]) {
  for (const place of places) {
    for (const name of names) {
      const found = matches.filter((m) => m.placeId === place && m.entry === name)
      const match = found.find(({ type }) => type === 'block') ?? found[0]
      if (match) return match
    }
  }
  return undefined
}

/** Refuses recipients that the lists of a mailbox do not let it write to. */
export async function refuseListed(
  lists: ListReader,
  mailbox: ListedMailbox,
  recipients: readonly string[],
): Promise<void> {
  const [refused] = await refusedAmong(lists, mailbox, 'send', recipients)
  if (refused) throw new Failure('rejected', refusalOf(refused))
}

/** Why a recipient is refused, for whoever sends. */
export function refusalOf({ address, entry }: Refused): string {
  return entry === null
    ? `${address} is not on the list of allowed recipients`
    : `${address} is blocked by the list entry ${entry}`
}
