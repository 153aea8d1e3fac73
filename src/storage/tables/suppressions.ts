import type { DeliveryId, OrgId } from '../../core/ids.ts'
import type { PageRequest } from '../../core/paging.ts'
import type { Suppression, SuppressionReason } from '../../core/suppressions/model.ts'
import type { SuppressionReader, SuppressionWriter } from '../../core/suppressions/store.ts'
import type { Database } from '../database.ts'
import { cutPage } from '../paging.ts'
import type { SuppressionTable } from '../schema.ts'
import { statement } from '../statement.ts'

// Asked for every mail that goes out, which mostly goes to one.
const one = statement((db, v: { org: string; address: string }) =>
  db.selectFrom('suppressions').selectAll().where('org_id', '=', v.org).where('address', '=', v.address),
)

export function suppressionReader(db: Database): SuppressionReader {
  return {
    async among(org, addresses) {
      const [address] = addresses
      if (address === undefined) return []
      if (addresses.length === 1) return (await one.all(db, { org, address })).map(toSuppression)
      const all = db.kysely.selectFrom('suppressions').selectAll().where('org_id', '=', org)
      return (await all.where('address', 'in', addresses).orderBy('address').execute()).map(toSuppression)
    },
    list: (org, page) => list(db, org, page),
  }
}

export function suppressionWriter(db: Database): SuppressionWriter {
  return {
    ...suppressionReader(db),
    async add(suppression) {
      const added = db.kysely.insertInto('suppressions').values(fromSuppression(suppression))
      const once = added.onConflict((clash) => clash.columns(['org_id', 'address']).doNothing())
      return (await once.executeTakeFirstOrThrow()).numInsertedOrUpdatedRows === 1n
    },
    async remove(org, address) {
      const one = db.kysely.deleteFrom('suppressions').where('org_id', '=', org).where('address', '=', address)
      return (await one.executeTakeFirst()).numDeletedRows === 1n
    },
  }
}

async function list(db: Database, org: OrgId, page: PageRequest) {
  const all = db.kysely.selectFrom('suppressions').where('org_id', '=', org)
  const { n } = await all.select((eb) => eb.fn.countAll<number>().as('n')).executeTakeFirstOrThrow()
  if (page.limit === 0) return { items: [], total: n }
  const rows = await cutPage(all, page, 'created_at', 'address').selectAll().execute()
  return { items: rows.map(toSuppression), total: n }
}

function toSuppression(row: SuppressionTable): Suppression {
  return {
    orgId: row.org_id as OrgId,
    address: row.address,
    reason: row.reason as SuppressionReason,
    deliveryId: row.delivery_id as DeliveryId | null,
    createdAt: row.created_at,
  }
}

function fromSuppression(s: Suppression): SuppressionTable {
  return { org_id: s.orgId, address: s.address, reason: s.reason, delivery_id: s.deliveryId, created_at: s.createdAt }
}
