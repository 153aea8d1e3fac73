import type { ExpressionBuilder } from 'kysely'
import type { Reach } from '../../core/accounts/caller.ts'
import type { ApiKey, Organization } from '../../core/accounts/model.ts'
import type { AccountReader, AccountWriter } from '../../core/accounts/store.ts'
import type { ApiKeyId, MailboxId, OrgId, ProjectId } from '../../core/ids.ts'
import type { PageRequest } from '../../core/paging.ts'
import type { Database } from '../database.ts'
import { cutPage } from '../paging.ts'
import type { ApiKeyTable, OrganizationTable, Schema } from '../schema.ts'
import { statement } from '../statement.ts'
import { fromProject, toProject } from './projects.ts'

const keyByHash = statement((db, v: { hash: string }) =>
  db.selectFrom('api_keys').selectAll().where('hash', '=', v.hash),
)
const organizationById = statement((db, v: { id: string }) =>
  db.selectFrom('organizations').selectAll().where('id', '=', v.id),
)
export function accountReader(db: Database): AccountReader {
  const { kysely } = db
  return {
    async organization(id) {
      const row = await organizationById.first(db, { id })
      return row && toOrganization(row)
    },
    async firstOrganization() {
      const oldest = kysely.selectFrom('organizations').selectAll().orderBy('created_at').orderBy('id').limit(1)
      const row = await oldest.executeTakeFirst()
      return row && toOrganization(row)
    },
    async usage(id) {
      const mailboxes = (await organizationById.first(db, { id }))?.mailbox_count ?? 0
      const counted = kysely.selectFrom('domains').select((eb) => eb.fn.countAll<number>().as('n'))
      const domains = await counted.where('org_id', '=', id).executeTakeFirstOrThrow()
      return { mailboxes, domains: domains.n }
    },
    async defaultProject(id) {
      const projects = kysely.selectFrom('projects').selectAll().where('org_id', '=', id).where('is_default', '=', 1)
      const row = await projects.executeTakeFirst()
      return row && toProject(row)
    },
    async keyByHash(hash) {
      const row = await keyByHash.first(db, { hash })
      return row && toKey(row)
    },
    async key(org, id) {
      const keys = kysely.selectFrom('api_keys').selectAll().where('org_id', '=', org).where('id', '=', id)
      const row = await keys.executeTakeFirst()
      return row && toKey(row)
    },
    keys: (reach, page) => listKeys(db, reach, page),
  }
}

async function listKeys(db: Database, { orgId, projectId, mailboxId }: Reach, page: PageRequest) {
  let keys = db.kysely.selectFrom('api_keys').where('org_id', '=', orgId)
  if (projectId !== null) {
    const inside = (eb: ExpressionBuilder<Schema, 'api_keys'>) =>
      eb.or([eb('project_only', '=', 1), eb('mailbox_id', 'is not', null)])
    keys = keys.where('project_id', '=', projectId).where(inside)
  }
  if (mailboxId !== null) keys = keys.where('mailbox_id', '=', mailboxId)
  const rows = page.limit === 0 ? [] : await cutPage(keys, page, 'created_at', 'id').selectAll().execute()
  if (page.uncounted) return { items: rows.map(toKey), total: rows.length }
  const { n } = await keys.select((eb) => eb.fn.countAll<number>().as('n')).executeTakeFirstOrThrow()
  return { items: rows.map(toKey), total: n }
}

export function accountWriter(db: Database): AccountWriter {
  const { kysely } = db
  return {
    ...accountReader(db),
    lockOrganization: (id) => db.engine.hold(kysely, `organization ${id}`),
    async insertOrganization(organization, defaultProject) {
      await kysely.insertInto('organizations').values(fromOrganization(organization)).execute()
      await kysely.insertInto('projects').values(fromProject(defaultProject)).execute()
    },
    async updateLimits(org, { mailboxLimit, domainLimit }, at) {
      const changed = { mailbox_limit: mailboxLimit, domain_limit: domainLimit, updated_at: at }
      await kysely.updateTable('organizations').set(changed).where('id', '=', org).execute()
    },
    async insertKey(key) {
      await kysely.insertInto('api_keys').values(fromKey(key)).execute()
    },
    async updateKey({ id, name, permissions, updatedAt }) {
      const white = permissions === null ? null : JSON.stringify(permissions)
      const changed = kysely.updateTable('api_keys').set({ name, permissions: white, updated_at: updatedAt })
      await changed.where('id', '=', id).execute()
    },
    async deleteKey(org, id) {
      const gone = await kysely.deleteFrom('api_keys').where('org_id', '=', org).where('id', '=', id).executeTakeFirst()
      return gone.numDeletedRows > 0n
    },
    async deleteKeysOfMailbox(mailbox) {
      await kysely.deleteFrom('api_keys').where('mailbox_id', '=', mailbox).execute()
    },
    async touchKeys(uses) {
      // Always in the same order, so that two of these never wait for each other in a ring.
      for (const { id, usedAt } of [...uses].sort((a, b) => (a.id < b.id ? -1 : 1))) {
        const newer = kysely.updateTable('api_keys').set({ used_at: usedAt }).where('id', '=', id)
        await newer.where((eb) => eb.or([eb('used_at', 'is', null), eb('used_at', '<', usedAt)])).execute()
      }
    },
  }
}

function toOrganization(row: OrganizationTable): Organization {
  return {
    id: row.id as OrgId,
    name: row.name,
    mailboxLimit: row.mailbox_limit,
    domainLimit: row.domain_limit,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

function fromOrganization(o: Organization): OrganizationTable {
  return {
    id: o.id,
    name: o.name,
    mailbox_limit: o.mailboxLimit,
    domain_limit: o.domainLimit,
    mailbox_count: 0,
    created_at: o.createdAt,
    updated_at: o.updatedAt,
  }
}

function toKey(row: ApiKeyTable): ApiKey {
  return {
    id: row.id as ApiKeyId,
    orgId: row.org_id as OrgId,
    projectId: row.project_id as ProjectId,
    projectOnly: row.project_only === 1,
    mailboxId: row.mailbox_id as MailboxId | null,
    name: row.name,
    publicPart: row.public_part,
    hash: row.hash,
    scopes: JSON.parse(row.scopes),
    permissions: row.permissions === null ? null : JSON.parse(row.permissions),
    usedAt: row.used_at,
    expiresAt: row.expires_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

function fromKey(key: ApiKey): ApiKeyTable {
  return {
    id: key.id,
    org_id: key.orgId,
    project_id: key.projectId,
    project_only: key.projectOnly ? 1 : 0,
    mailbox_id: key.mailboxId,
    name: key.name,
    public_part: key.publicPart,
    hash: key.hash,
    scopes: JSON.stringify(key.scopes),
    permissions: key.permissions === null ? null : JSON.stringify(key.permissions),
    used_at: key.usedAt,
    expires_at: key.expiresAt,
    created_at: key.createdAt,
    updated_at: key.updatedAt,
  }
}
