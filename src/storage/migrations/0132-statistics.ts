export const name = '0132-statistics'

// `step` is how many seconds a row is about, `at` (epoch seconds) their beginning; step 0 is how it is now.
export const statements = [
  `create table event_counts (
    scope text not null, step integer not null, topic text not null, at bigint not null, count bigint not null,
    primary key (scope, step, topic, at))`,
  `create index event_counts_by_age on event_counts (at)`,
  `create table levels (
    scope text not null, step integer not null, at bigint not null, size_bytes bigint not null, messages bigint not null,
    threads bigint not null, mailboxes bigint not null, domains bigint not null, projects bigint not null,
    primary key (scope, step, at))`,
  `create index levels_by_age on levels (at)`,
  `create table statistics_position (seq bigint not null)`,
  `insert into statistics_position (seq) values (0)`,
]
