import type { DkimKey, DkimKeyState } from '../../core/domains/dkim-keys/model.ts'
import type { DkimKeyReader, DkimKeyWriter } from '../../core/domains/dkim-keys/store.ts'
import type { DkimKeyId, DomainId } from '../../core/ids.ts'
import type { Database } from '../database.ts'
import type { DkimKeyTable } from '../schema.ts'
import { statement } from '../statement.ts'

// "rsa-sha256" sorts behind "ed25519-sha256".
const ofDomain = statement((db, v: { domain: string }) =>
  db
    .selectFrom('dkim_keys')
    .selectAll()
    .where('domain_id', '=', v.domain)
    .orderBy('created_at')
    .orderBy('algorithm', 'desc')
    .orderBy('id'),
)

export function dkimKeyReader(db: Database): DkimKeyReader {
  return {
    ofDomain: async (domain) => (await ofDomain.all(db, { domain })).map(toKey),
    async newestActive(limit) {
      const active = db.kysely.selectFrom('dkim_keys').selectAll().where('state', '=', 'active')
      return (await active.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute()).map(toKey)
    },
  }
}

export function dkimKeyWriter(db: Database): DkimKeyWriter {
  return {
    ...dkimKeyReader(db),
    async insert(key) {
      await db.kysely.insertInto('dkim_keys').values(fromKey(key)).execute()
    },
    async update({ id, state, sealedKey, activatedAt, retiredAt }) {
      const changed = { state, sealed_key: sealedKey, activated_at: activatedAt, retired_at: retiredAt }
      await db.kysely.updateTable('dkim_keys').set(changed).where('id', '=', id).execute()
    },
    async delete(ids) {
      if (ids.length > 0) await db.kysely.deleteFrom('dkim_keys').where('id', 'in', ids).execute()
    },
  }
}

function toKey(row: DkimKeyTable): DkimKey {
  return {
    id: row.id as DkimKeyId,
    domainId: row.domain_id as DomainId,
    selector: row.selector,
    algorithm: row.algorithm as DkimKey['algorithm'],
    publicRecord: row.public_record,
    sealedKey: row.sealed_key,
    state: row.state as DkimKeyState,
    createdAt: row.created_at,
    activatedAt: row.activated_at,
    retiredAt: row.retired_at,
  }
}

function fromKey(key: DkimKey): DkimKeyTable {
  return {
    id: key.id,
    domain_id: key.domainId,
    selector: key.selector,
    algorithm: key.algorithm,
    public_record: key.publicRecord,
    sealed_key: key.sealedKey,
    state: key.state,
    created_at: key.createdAt,
    activated_at: key.activatedAt,
    retired_at: key.retiredAt,
  }
}
