export const name = '0160-imap-sources'

export const statements = [
  `create table imap_sources (
    id text primary key, org_id text not null, mailbox_id text not null, host text not null, port integer not null,
    use_ssl integer not null, username text not null, username_key text not null, folder text not null,
    sealed_password text not null, key_id text not null, fetch_interval_minutes integer not null,
    after_fetch_action text not null, uid_validity text, last_uid bigint not null, pending_uids text not null,
    last_fetch_at bigint, last_success_at bigint, last_error text, last_fetched integer not null,
    last_ingested integer not null, failures integer not null, next_fetch_at bigint not null, lease text,
    lease_until bigint, due_at bigint not null, created_at bigint not null, updated_at bigint)`,
  // The mailbox leads, so that this one lists and counts as well.
  `create unique index imap_sources_once on imap_sources (mailbox_id, host, username_key, folder)`,
  `create index imap_sources_due on imap_sources (due_at)`,
  `create index imap_sources_leased on imap_sources (lease) where lease is not null`,
]
