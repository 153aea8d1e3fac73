import type { Reach } from '../../core/accounts/caller.ts'
import type { MessageId } from '../../core/ids.ts'
import type { Direction } from '../../core/messages/model.ts'
import type { Mentions } from '../../core/messages/store.ts'
import type { Database } from '../database.ts'
import { contains } from '../paging.ts'

/** A search looks through no more messages than these, the newest ones. No index knows the middle of words. */
const SCANNED = 10_000

interface Found {
  id: string
  at: number
}

/** Messages whose sender, recipients and subject hold all of the texts between them, newest first. */
export async function messagesMentioning(db: Database, reach: Reach, asked: Mentions): Promise<MessageId[]> {
  // The index of a whole organization has its directions one after the other.
  const halves = reach.mailboxId === null ? (['inbound', 'outbound'] as const) : [null]
  const found = await Promise.all(halves.map((direction) => scan(db, reach, direction, asked)))
  const sorted = found.flat().toSorted((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1))
  return sorted.slice(0, asked.limit).map(({ id }) => id as MessageId)
}

async function scan(db: Database, reach: Reach, direction: Direction | null, asked: Mentions): Promise<Found[]> {
  const { texts, before, after, limit } = asked
  let newest = db.kysely
    .selectFrom('messages')
    .select(['id', 'at', 'mailbox_id', 'from_text', 'to_text', 'subject_text'])
    .where('hidden', '=', 0)
  if (reach.mailboxId !== null) newest = newest.where('mailbox_id', '=', reach.mailboxId)
  else newest = newest.where('org_id', '=', reach.orgId)
  if (direction !== null) newest = newest.where('direction', '=', direction)
  if (before !== undefined) newest = newest.where('at', '<', before)
  if (after !== undefined) newest = newest.where('at', '>', after)
  const scanned = newest.orderBy('at', 'desc').orderBy('id', 'desc').limit(SCANNED)
  let matching = db.kysely.selectFrom(scanned.as('m')).select(['m.id', 'm.at'])
  for (const text of texts) {
    const fields = ['m.from_text', 'm.to_text', 'm.subject_text'] as const
    matching = matching.where((eb) => eb.or(fields.map((field) => contains(field, text))))
  }
  if (reach.projectId !== null) {
    const inProject = db.kysely.selectFrom('mailboxes').select('id').where('project_id', '=', reach.projectId)
    matching = matching.where('m.mailbox_id', 'in', inProject)
  }
  return matching.orderBy('m.at', 'desc').orderBy('m.id', 'desc').limit(limit).execute()
}
