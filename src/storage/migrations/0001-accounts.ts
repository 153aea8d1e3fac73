export const name = '0001-accounts'

export const statements = [
  `create table organizations (
    id text primary key, name text not null, mailbox_limit bigint, domain_limit bigint,
    mailbox_count bigint not null default 0, created_at bigint not null, updated_at bigint not null)`,
  `create index organizations_by_age on organizations (created_at, id)`,

  `create table projects (
    id text primary key, org_id text not null, name text not null, is_default integer not null, created_at bigint not null)`,
  `create index projects_by_organization on projects (org_id, created_at)`,

  `create table api_keys (
    id text primary key, org_id text not null, project_id text not null, mailbox_id text, name text not null,
    public_part text not null, hash text not null, scopes text not null, permissions text, used_at bigint,
    expires_at bigint, created_at bigint not null, updated_at bigint not null)`,
  `create unique index api_keys_by_hash on api_keys (hash)`,
  `create index api_keys_by_organization on api_keys (org_id, created_at, id)`,
  `create index api_keys_by_mailbox on api_keys (mailbox_id) where mailbox_id is not null`,

  `create table domains (
    id text primary key, org_id text, name text not null, status text not null,
    created_at bigint not null, updated_at bigint not null)`,
  `create unique index domains_of_organization on domains (name, org_id) where org_id is not null`,
  `create unique index domains_of_platform on domains (name) where org_id is null`,
  `create index domains_by_organization on domains (org_id)`,

  `create table idempotency (
    org_id text not null, key text not null, fingerprint text not null, result text,
    created_at bigint not null, expires_at bigint not null, primary key (org_id, key))`,
  `create index idempotency_by_expiry on idempotency (expires_at)`,
]
