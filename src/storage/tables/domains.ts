import { sql } from 'kysely'
import type { Domain, DomainStatus } from '../../core/domains/model.ts'
import type { DomainReader, DomainWriter, SealedRoute } from '../../core/domains/store.ts'
import type { DomainId, OrgId, ProjectId } from '../../core/ids.ts'
import type { Database } from '../database.ts'
import { cutPage } from '../paging.ts'
import type { DomainTable } from '../schema.ts'
import { statement } from '../statement.ts'

const usable = statement((db, v: { org: string; name: string }) =>
  db
    .selectFrom('domains')
    .selectAll()
    .where('name', '=', v.name)
    .where((eb) => eb.or([eb('org_id', '=', v.org), eb('org_id', 'is', null)]))
    .orderBy((eb) => eb.case().when('org_id', 'is', null).then(1).else(0).end())
    .limit(1),
)

const own = statement((db, v: { org: string; name: string }) =>
  db.selectFrom('domains').selectAll().where('name', '=', v.name).where('org_id', '=', v.org),
)

const local = statement((db, v: { name: string }) =>
  db
    .selectFrom('domains')
    .select('id')
    .where('name', '=', v.name)
    .where((eb) => eb.or([eb('org_id', 'is', null), eb('status', '=', 'verified')]))
    .limit(1),
)

const routes = statement((db, _: Record<string, never>) =>
  db
    .selectFrom('domains')
    .select(['id', 'org_id', 'name', 'sealed_route'])
    .where('sealed_route', 'is not', null)
    .orderBy('name')
    .orderBy('id'),
)

export function domainReader(db: Database): DomainReader {
  return {
    async usable(org, name) {
      const row = (await usable.first(db, { org, name })) ?? (await above(db, name, org))
      return row && toDomain(row)
    },
    async own(org, name) {
      const row = await own.first(db, { org, name })
      return row && toDomain(row)
    },
    async list({ orgId, projectId, mailboxId }, page) {
      if (mailboxId !== null) return { items: [], total: 0 }
      let owned = db.kysely.selectFrom('domains').where('org_id', '=', orgId)
      if (projectId !== null) owned = owned.where('project_id', '=', projectId)
      const rows = await cutPage(owned, page, 'created_at', 'id').selectAll().execute()
      if (page.uncounted) return { items: rows.map(toDomain), total: rows.length }
      const { n } = await owned.select((eb) => eb.fn.countAll<number>().as('n')).executeTakeFirstOrThrow()
      return { items: rows.map(toDomain), total: n }
    },
    isLocal: async (name) => ((await local.first(db, { name })) ?? (await above(db, name))) !== undefined,
    async byName(name) {
      const rank = sql`case when org_id is null then 0 when status = 'verified' then 1 else 2 end`
      const all = db.kysely.selectFrom('domains').selectAll().where('name', '=', name)
      return (await all.orderBy(rank).orderBy('created_at').orderBy('id').execute()).map(toDomain)
    },
    async localNames(after, limit) {
      const behind = db.kysely.selectFrom('domains').select('name').distinct().where('name', '>', after)
      const ours = behind.where((eb) => eb.or([eb('org_id', 'is', null), eb('status', '=', 'verified')]))
      return (await ours.orderBy('name').limit(limit).execute()).map(({ name }) => name)
    },
    routes: async () => (await routes.all(db, {})).map(toRoute),
    async due(now, limit) {
      const due = db.kysely.selectFrom('domains').selectAll().where('recheck_at', '<=', now)
      return (await due.orderBy('recheck_at').orderBy('id').limit(limit).execute()).map(toDomain)
    },
  }
}

/** The nearest verified domain whose names below it are its own too; or with an organization, that organization's in any state. */
async function above(db: Database, name: string, org?: OrgId): Promise<DomainTable | undefined> {
  const labels = name.split('.')
  const parents = labels.map((_, at) => labels.slice(at).join('.')).slice(1, -1)
  if (parents.length === 0) return undefined
  const open = db.kysely.selectFrom('domains').selectAll().where('subdomains_enabled', '=', 1)
  const named = open.where('name', 'in', parents.slice(-10))
  const own = org === undefined ? named.where('status', '=', 'verified') : named.where('org_id', '=', org)
  return own.orderBy(sql`length(name)`, 'desc').limit(1).executeTakeFirst()
}

export function domainWriter(db: Database): DomainWriter {
  return {
    ...domainReader(db),
    async insert(domain) {
      await db.kysely.insertInto('domains').values(fromDomain(domain)).execute()
    },
    async setRoute(id, sealedRoute, now) {
      const changed = db.kysely.updateTable('domains').where('id', '=', id)
      await changed.set({ sealed_route: sealedRoute, updated_at: now }).execute()
    },
    async update(domain) {
      // The way out is set by itself and stays.
      const { id, org_id, project_id, name, created_at, sealed_route, ...changed } = fromDomain(domain)
      await db.kysely.updateTable('domains').set(changed).where('id', '=', id).execute()
    },
    async delete(id) {
      await db.kysely.deleteFrom('domains').where('id', '=', id).execute()
    },
  }
}

function toDomain(row: DomainTable): Domain {
  return {
    id: row.id as DomainId,
    orgId: row.org_id as OrgId | null,
    projectId: row.project_id as ProjectId | null,
    name: row.name,
    status: row.status as DomainStatus,
    feedbackEnabled: row.feedback_enabled === 1,
    subdomainsEnabled: row.subdomains_enabled === 1,
    trackingEnabled: row.tracking_enabled === 1,
    states: JSON.parse(row.states),
    checkedAt: row.checked_at,
    recheckAt: row.recheck_at,
    failingSince: row.failing_since,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

function fromDomain(d: Domain): DomainTable {
  const { id, name, status } = d
  return {
    ...{ id, org_id: d.orgId, project_id: d.projectId, name, status },
    feedback_enabled: d.feedbackEnabled ? 1 : 0,
    subdomains_enabled: d.subdomainsEnabled ? 1 : 0,
    tracking_enabled: d.trackingEnabled ? 1 : 0,
    states: JSON.stringify(d.states),
    checked_at: d.checkedAt,
    recheck_at: d.recheckAt,
    failing_since: d.failingSince,
    sealed_route: null,
    created_at: d.createdAt,
    updated_at: d.updatedAt,
  }
}

function toRoute(row: Pick<DomainTable, 'id' | 'org_id' | 'name' | 'sealed_route'>): SealedRoute {
  const { id, org_id, name, sealed_route } = row
  return { domainId: id as DomainId, orgId: org_id as OrgId | null, name, sealedRoute: sealed_route ?? '' }
}
