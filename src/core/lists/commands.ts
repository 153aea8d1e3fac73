import { Failure, notFound } from '../errors.ts'
import type { Tx } from '../store.ts'
import { type ListEntry, type ListName, type ListPlace, placeId } from './model.ts'

const MAX_ENTRIES = 10_000

/** From this commit on the entry counts, for mail that comes in and for every attempt to send. */
export async function addListEntry(tx: Tx, input: Omit<ListEntry, 'readOnly' | 'createdAt'>): Promise<ListEntry> {
  await tx.hold(`list ${placeId(input)} ${input.direction} ${input.type}`)
  if ((await tx.lists.count(input, input)) >= MAX_ENTRIES) {
    throw new Failure('limit_reached', `A list has at most ${MAX_ENTRIES} entries`)
  }
  const entry = { ...input, createdAt: tx.now }
  // A suppressed address is on the list, too.
  const known = await tx.lists.get(input, input, input.entry)
  if (known || !(await tx.lists.add(entry))) throw new Failure('taken', 'The list has this entry already')
  return { ...entry, readOnly: false }
}

/** Takes an entry off a list. What a bounce or a complaint put there stays. */
export async function removeListEntry(
  tx: Tx,
  input: { place: ListPlace; list: ListName; entry: string },
): Promise<void> {
  const { place, list, entry } = input
  const held = await tx.lists.get(place, list, entry)
  if (!held) throw notFound('list entry')
  if (held.readOnly) throw new Failure('forbidden', 'This entry was made by a bounce or a complaint')
  // What is left is a suppression that a person made.
  if (!(await tx.lists.remove(place, list, entry))) await tx.suppressions.remove(place.orgId, entry)
}
