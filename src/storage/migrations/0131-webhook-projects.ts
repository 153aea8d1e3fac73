export const name = '0131-webhook-projects'

export const statements = [
  `alter table webhooks add column project_ids text not null default '[]'`,
  `create index webhooks_by_project on webhooks (project_id)`,
  `create index webhooks_of_projects on webhooks (org_id) where project_ids <> '[]'`,
]
