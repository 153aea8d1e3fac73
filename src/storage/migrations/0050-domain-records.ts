export const name = '0050-domain-records'

export const statements = [
  `alter table domains add column feedback_enabled integer not null default 1`,
  `alter table domains add column states text not null default '{}'`,
  `alter table domains add column checked_at bigint`,
  `alter table domains add column recheck_at bigint`,
  `alter table domains add column failing_since bigint`,
  `create index domains_due on domains (recheck_at, id) where recheck_at is not null`,
  `drop index domains_by_organization`,
  `create index domains_by_organization on domains (org_id, created_at, id)`,
  `create index mailboxes_by_domain on mailboxes (domain, org_id) where deleted_at is null`,
]
