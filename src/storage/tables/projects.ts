import type { Reach } from '../../core/accounts/caller.ts'
import type { Project } from '../../core/accounts/model.ts'
import type { ProjectReader, ProjectWriter } from '../../core/accounts/project-store.ts'
import type { OrgId, ProjectId } from '../../core/ids.ts'
import type { PageRequest } from '../../core/paging.ts'
import type { Database } from '../database.ts'
import { cutPage } from '../paging.ts'
import type { ProjectTable } from '../schema.ts'
import { statement } from '../statement.ts'

const byId = statement((db, v: { org: string; id: string }) =>
  db.selectFrom('projects').selectAll().where('org_id', '=', v.org).where('id', '=', v.id),
)

export function projectReader(db: Database): ProjectReader {
  return {
    async get(org, id) {
      const row = await byId.first(db, { org, id })
      return row && toProject(row)
    },
    async byClientId(org, clientId) {
      const named = db.kysely.selectFrom('projects').selectAll().where('org_id', '=', org)
      const row = await named.where('client_id', '=', clientId).executeTakeFirst()
      return row && toProject(row)
    },
    list: (reach, page) => listProjects(db, reach, page),
  }
}

async function listProjects(db: Database, { orgId, projectId, mailboxId }: Reach, page: PageRequest) {
  if (mailboxId !== null) return { items: [], total: 0 }
  let all = db.kysely.selectFrom('projects').where('org_id', '=', orgId)
  if (projectId !== null) all = all.where('id', '=', projectId)
  const rows = page.limit === 0 ? [] : await cutPage(all, page, 'created_at', 'id').selectAll().execute()
  if (page.uncounted) return { items: rows.map(toProject), total: rows.length }
  const { n } = await all.select((eb) => eb.fn.countAll<number>().as('n')).executeTakeFirstOrThrow()
  return { items: rows.map(toProject), total: n }
}

export function projectWriter(db: Database): ProjectWriter {
  const { kysely } = db
  return {
    ...projectReader(db),
    async insert(project) {
      await kysely.insertInto('projects').values(fromProject(project)).execute()
    },
    async delete(id) {
      await kysely.deleteFrom('projects').where('id', '=', id).execute()
    },
    async contentOf(id) {
      const mailboxes = kysely.selectFrom('mailboxes').select('id').where('deleted_at', 'is', null)
      if (await mailboxes.where('project_id', '=', id).limit(1).executeTakeFirst()) return 'mailboxes'
      const domains = kysely.selectFrom('domains').select('id').where('project_id', '=', id)
      if (await domains.limit(1).executeTakeFirst()) return 'domains'
      const keys = kysely.selectFrom('api_keys').select('id').where('project_id', '=', id)
      if (await keys.limit(1).executeTakeFirst()) return 'API keys'
      const webhooks = kysely.selectFrom('webhooks').select('id').where('project_id', '=', id)
      return (await webhooks.limit(1).executeTakeFirst()) && 'webhooks'
    },
  }
}

export function toProject(row: ProjectTable): Project {
  return {
    id: row.id as ProjectId,
    orgId: row.org_id as OrgId,
    name: row.name,
    clientId: row.client_id,
    isDefault: row.is_default === 1,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

export function fromProject(p: Project): ProjectTable {
  return {
    ...{ id: p.id, org_id: p.orgId, name: p.name, client_id: p.clientId, is_default: p.isDefault ? 1 : 0 },
    ...{ created_at: p.createdAt, updated_at: p.updatedAt },
  }
}
