import { sql } from 'kysely'
import { type ListEntry, type ListName, type ListPlace, placeId } from '../../core/lists/model.ts'
import type { ListPage, ListReader, ListWriter } from '../../core/lists/store.ts'
import type { Database } from '../database.ts'
import type { ListEntryTable } from '../schema.ts'
import { statement } from '../statement.ts'

// Asked for every mail that comes in.
const anyOf = statement((db, v: { org: string }) =>
  db.selectFrom('list_entries').select('place_id').where('org_id', '=', v.org).limit(1),
)

export function listReader(db: Database): ListReader {
  return {
    inUse: async (org) => (await anyOf.first(db, { org })) !== undefined,
    async matching(placeIds, direction, names) {
      const all = db.kysely.selectFrom('list_entries').select(['place_id as placeId', 'type', 'entry'])
      const found = all.where('place_id', 'in', placeIds).where('direction', '=', direction).where('entry', 'in', names)
      return (await found.execute()).map((row) => ({ ...row, type: row.type as ListEntry['type'] }))
    },
    async guarded(placeIds, direction) {
      const guarded = []
      for (const place of placeIds) {
        const allowed = entriesOf(db, place, { direction, type: 'allow' }).select('place_id').limit(1)
        if (await allowed.executeTakeFirst()) guarded.push(place)
      }
      return guarded
    },
    async get(place, list, entry) {
      const row = await shown(db, place, list).where('entry', '=', entry).executeTakeFirst()
      return row && toEntry(row, place, list)
    },
    list: (place, list, page) => listPage(db, place, list, page),
  }
}

export function listWriter(db: Database): ListWriter {
  return {
    ...listReader(db),
    async add(entry) {
      const added = db.kysely.insertInto('list_entries').values(fromEntry(entry))
      const once = added.onConflict((clash) => clash.columns(['place_id', 'direction', 'type', 'entry']).doNothing())
      return (await once.executeTakeFirstOrThrow()).numInsertedOrUpdatedRows === 1n
    },
    async remove(place, { direction, type }, entry) {
      const one = db.kysely.deleteFrom('list_entries').where('place_id', '=', placeId(place))
      const gone = one.where('direction', '=', direction).where('type', '=', type).where('entry', '=', entry)
      return (await gone.executeTakeFirst()).numDeletedRows === 1n
    },
    async count(place, list) {
      const counted = entriesOf(db, placeId(place), list).select((eb) => eb.fn.countAll<number>().as('n'))
      return (await counted.executeTakeFirstOrThrow()).n
    },
  }
}

function entriesOf(db: Database, place: string, { direction, type }: ListName) {
  const ofPlace = db.kysely.selectFrom('list_entries').where('place_id', '=', place)
  return ofPlace.where('direction', '=', direction).where('type', '=', type)
}

async function listPage(db: Database, place: ListPlace, list: ListName, page: ListPage): Promise<ListEntry[]> {
  let asked = shown(db, place, list)
    .orderBy('entry', page.descending ? 'desc' : 'asc')
    .limit(page.limit)
  if (page.after !== undefined) asked = asked.where('entry', page.descending ? '<' : '>', page.after)
  return (await asked.execute()).map((row) => toEntry(row, place, list))
}

/** The entries of a list as they are shown: what is suppressed blocks what the organization sends. */
function shown(db: Database, place: ListPlace, list: ListName) {
  const columns = ['entry', 'reason', 'created_at'] as const
  const own = entriesOf(db, placeId(place), list).select([...columns, sql<number>`0`.as('read_only')])
  const suppressed = db.kysely
    .selectFrom('suppressions as s')
    .select(['s.address as entry', 's.reason', 's.created_at'])
    .select(sql<number>`case when s.reason = 'manual' then 0 else 1 end`.as('read_only'))
    .where('s.org_id', '=', place.orgId)
    .where('s.address', 'not in', entriesOf(db, placeId(place), list).select('entry'))
  const isWhole = place.projectId === null && place.mailboxId === null
  const all = isWhole && list.direction === 'send' && list.type === 'block' ? own.unionAll(suppressed) : own
  return db.kysely.selectFrom(all.as('entries')).selectAll()
}

function toEntry(
  row: { entry: string; reason: string | null; created_at: number; read_only: number },
  place: ListPlace,
  { direction, type }: ListName,
): ListEntry {
  const { orgId, projectId, mailboxId } = place
  return {
    ...{ orgId, projectId, mailboxId, direction, type },
    entry: row.entry,
    reason: row.reason,
    readOnly: Number(row.read_only) === 1,
    createdAt: row.created_at,
  }
}

function fromEntry(entry: Omit<ListEntry, 'readOnly'>): ListEntryTable {
  return {
    place_id: placeId(entry),
    org_id: entry.orgId,
    project_id: entry.projectId,
    mailbox_id: entry.mailboxId,
    direction: entry.direction,
    type: entry.type,
    entry: entry.entry,
    reason: entry.reason,
    created_at: entry.createdAt,
  }
}
