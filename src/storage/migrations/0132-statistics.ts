export const name = '0132-statistics'

// `step` is how many seconds a row is about, `at` (epoch seconds) their beginning; step 0 is the present level of a thing.
export const statements = [
  `create table statistics (
    scope text not null, step integer not null, name text not null, at bigint not null, value bigint not null,
    primary key (scope, step, name, at))`,
  `create index statistics_by_age on statistics (at)`,
  `create table statistics_position (seq bigint not null)`,
  `insert into statistics_position (seq) values (0)`,
]
