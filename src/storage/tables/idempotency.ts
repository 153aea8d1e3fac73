import type { IdempotencyRecord, IdempotencyWriter } from '../../core/idempotency/store.ts'
import type { OrgId } from '../../core/ids.ts'
import type { Database } from '../database.ts'
import type { IdempotencyTable } from '../schema.ts'

export function idempotencyWriter(db: Database): IdempotencyWriter {
  const { kysely } = db
  return {
    async get(org, key) {
      const one = kysely.selectFrom('idempotency').selectAll().where('org_id', '=', org).where('key', '=', key)
      const row = await one.executeTakeFirst()
      return row && toRecord(row)
    },
    async put(record) {
      const row = fromRecord(record)
      const { org_id: _org, key: _key, ...changed } = row
      const added = kysely.insertInto('idempotency').values(row)
      await added.onConflict((clash) => clash.columns(['org_id', 'key']).doUpdateSet(changed)).execute()
    },
    async delete(org, key) {
      await kysely.deleteFrom('idempotency').where('org_id', '=', org).where('key', '=', key).execute()
    },
    async sweep(now) {
      const gone = await kysely.deleteFrom('idempotency').where('expires_at', '<=', now).executeTakeFirst()
      return Number(gone.numDeletedRows)
    },
  }
}

function toRecord(row: IdempotencyTable): IdempotencyRecord {
  return {
    orgId: row.org_id as OrgId,
    key: row.key,
    fingerprint: row.fingerprint,
    result: row.result === null ? null : JSON.parse(row.result),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  }
}

function fromRecord(r: IdempotencyRecord): IdempotencyTable {
  return {
    org_id: r.orgId,
    key: r.key,
    fingerprint: r.fingerprint,
    result: r.result === null || r.result === undefined ? null : JSON.stringify(r.result),
    created_at: r.createdAt,
    expires_at: r.expiresAt,
  }
}
