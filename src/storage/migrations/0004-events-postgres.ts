export const name = '0004-events'

// Transactions commit in another order than they insert in, so `seq` is given after the commit, by the sequencer; `arrival` is
// the order in which it hands the numbers out. Holding the one row of `event_position` is what makes a sequencer the only one.
export const statements = [
  `create table events (
    arrival bigint generated always as identity primary key, seq bigint, id text not null, org_id text not null,
    mailbox_id text, thread_id text, message_id text, type text not null, payload text not null,
    created_at bigint not null)`,
  `create unique index events_by_seq on events (seq) where seq is not null`,
  `create index events_unnumbered on events (arrival) where seq is null`,
  `create index events_by_organization on events (org_id, seq) where seq is not null`,
  'create table event_position (last bigint not null)',
  'insert into event_position (last) values (0)',
]
