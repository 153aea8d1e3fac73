import type { OrgId } from '../ids.ts'
import type { ListDirection, ListEntry, ListName, ListPlace, ListType } from './model.ts'

/** An entry that names what was asked about. */
export interface ListMatch {
  /** See `placeId`. */
  placeId: string
  type: ListType
  entry: string
}

export interface ListPage {
  limit: number
  /** Entries behind this one. */
  after?: string
  /** From the end of the alphabet. */
  descending?: boolean
}

export interface ListReader {
  /** False for an organization without any entry of its own: most, and cheap to ask. */
  inUse(org: OrgId): Promise<boolean>
  /** Entries of these places that are one of the names. */
  matching(placeIds: readonly string[], direction: ListDirection, names: readonly string[]): Promise<ListMatch[]>
  /** Those of the places whose allow list has entries. */
  guarded(placeIds: readonly string[], direction: ListDirection): Promise<string[]>
  get(place: ListPlace, list: ListName, entry: string): Promise<ListEntry | undefined>
  /** By entry. Suppressed addresses are entries of the list that blocks what an organization sends. */
  list(place: ListPlace, list: ListName, page: ListPage): Promise<ListEntry[]>
}

export interface ListWriter extends ListReader {
  /** False when it is there already; suppressed addresses do not count. */
  add(entry: Omit<ListEntry, 'readOnly'>): Promise<boolean>
  /** False when it was not there; suppressed addresses do not count. */
  remove(place: ListPlace, list: ListName, entry: string): Promise<boolean>
  count(place: ListPlace, list: ListName): Promise<number>
}
