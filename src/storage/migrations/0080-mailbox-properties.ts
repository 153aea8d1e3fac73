export const name = '0080-mailbox-properties'

export const statements = [
  `alter table mailboxes add column expires_at bigint`,
  `alter table mailboxes add column metadata text not null default '{}'`,
  `alter table mailboxes add column policy text not null default '{}'`,
  `create index mailboxes_of_project on mailboxes (project_id, created_at, id) where deleted_at is null`,
  `create index mailboxes_by_expiry on mailboxes (expires_at) where deleted_at is null and expires_at is not null`,
  `alter table api_keys add column project_only integer not null default 0`,
]
