export const name = '0130-projects'

export const statements = [
  `alter table projects add column client_id text`,
  `alter table projects add column updated_at bigint not null default 0`,
  `update projects set updated_at = created_at`,
  `create unique index projects_by_client_id on projects (org_id, client_id) where client_id is not null`,
  `drop index projects_by_organization`,
  `create index projects_by_organization on projects (org_id, created_at, id)`,

  `alter table domains add column project_id text`,
  `update domains set project_id =
    (select p.id from projects p where p.org_id = domains.org_id and p.is_default = 1) where org_id is not null`,
  `create index domains_by_project on domains (project_id, created_at, id) where project_id is not null`,

  `create index api_keys_by_project on api_keys (project_id, created_at, id)`,
]
