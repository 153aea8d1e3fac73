export const name = '0040-webhooks'

export const statements = [
  `create table webhooks (
    id text primary key, org_id text not null, project_id text not null, style text not null, url text not null,
    topics text not null, all_mailboxes integer not null, mailbox_ids text not null, secret_owner text not null,
    header_names text not null, sealed_headers text, options text not null, client_id text, enabled integer not null,
    disabled_reason text, since_seq bigint not null, failures bigint not null, failing_since bigint, paused_until bigint,
    created_at bigint not null, updated_at bigint not null)`,
  `create index webhooks_by_organization on webhooks (org_id, created_at, id)`,
  `create index webhooks_for_all on webhooks (org_id) where enabled = 1 and all_mailboxes = 1`,
  `create index webhooks_enabled on webhooks (enabled) where enabled = 1`,

  `create table webhook_mailboxes (
    webhook_id text not null, mailbox_id text not null, primary key (webhook_id, mailbox_id))`,
  `create index webhook_mailboxes_by_mailbox on webhook_mailboxes (mailbox_id)`,

  `create table webhook_secrets (
    owner text primary key, org_id text not null, sealed text not null, previous_sealed text, previous_until bigint,
    created_at bigint not null, updated_at bigint not null)`,

  `create table webhook_position (seq bigint not null)`,
  `insert into webhook_position (seq) values (0)`,

  `create table webhook_lanes (lane text primary key, org_id text not null, slots integer not null, due_at bigint)`,
  `create index webhook_lanes_due on webhook_lanes (due_at) where due_at is not null`,

  `create table webhook_deliveries (
    id text primary key, org_id text not null, webhook_id text not null, mailbox_id text, topic text not null,
    event text not null, lane text not null, replay integer not null, state text not null, next_attempt_at bigint,
    lease_until bigint, due_at bigint, attempt_count integer not null, ok integer,
    created_at bigint not null, updated_at bigint not null)`,
  `create index webhook_deliveries_by_webhook on webhook_deliveries (webhook_id, created_at, id)`,
  `create index webhook_deliveries_by_organization on webhook_deliveries (org_id, created_at, id)`,
  `create index webhook_deliveries_by_mailbox on webhook_deliveries (mailbox_id) where mailbox_id is not null`,
  `create index webhook_deliveries_due on webhook_deliveries (lane, due_at, id) where due_at is not null`,
  `create index webhook_deliveries_leased on webhook_deliveries (lane, lease_until) where lease_until is not null`,
  `create index webhook_deliveries_waiting on webhook_deliveries (webhook_id) where due_at is not null`,
  `create index webhook_deliveries_finished on webhook_deliveries (created_at) where due_at is null`,

  `create table webhook_attempts (
    delivery_id text not null, number integer not null, at bigint not null, url text not null, status integer, error text,
    duration_ms bigint not null, answer text not null, primary key (delivery_id, number))`,
]
