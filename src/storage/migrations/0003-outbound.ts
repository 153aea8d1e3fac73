export const name = '0003-outbound'

export const statements = [
  `create table deliveries (
    id text primary key, org_id text not null, mailbox_id text not null, message_id text not null,
    position integer not null, mail_from text not null, recipient text not null, domain text not null,
    status text not null, blob_key text not null, next_attempt_at bigint, lease_until bigint, due_at bigint,
    attempt_count integer not null, created_at bigint not null, updated_at bigint not null)`,
  `create index deliveries_by_message on deliveries (message_id, position)`,
  `create index deliveries_due on deliveries (due_at, id) where due_at is not null`,
  `create index deliveries_waiting_by_mailbox on deliveries (mailbox_id) where due_at is not null`,
  `create index deliveries_by_blob on deliveries (blob_key)`,

  `create table delivery_attempts (
    delivery_id text not null, number integer not null, at bigint not null, host text, reply_code integer,
    enhanced_code text, text text not null, primary key (delivery_id, number))`,

  `create table captured (
    id text primary key, org_id text not null, mailbox_id text not null, message_id text not null,
    mail_from text not null, recipients text not null, subject text, size_bytes bigint not null,
    blob_key text not null, created_at bigint not null)`,
  `create index captured_by_organization on captured (org_id, created_at desc, id desc)`,
  `create index captured_by_mailbox on captured (mailbox_id, created_at desc, id desc)`,
  `create index captured_by_blob on captured (blob_key)`,

  `create table jobs (
    id text primary key, kind text not null, task text not null, run_at bigint not null, due_at bigint not null,
    attempts integer not null)`,
  `create index jobs_due on jobs (due_at, id)`,
]
