export const name = '0004-events'

// AUTOINCREMENT: a number is never used again, even when the newest entries are gone. One writer, so rows commit in order.
export const statements = [
  `create table events (
    seq integer primary key autoincrement, id text not null, org_id text not null, mailbox_id text, thread_id text,
    message_id text, type text not null, payload text not null, created_at bigint not null)`,
  `create index events_by_organization on events (org_id, seq)`,
]
