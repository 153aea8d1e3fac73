export const name = '0006-suppressions'

export const statements = [
  `create table suppressions (
    org_id text not null, address text not null, reason text not null, delivery_id text, created_at bigint not null,
    primary key (org_id, address))`,
  `create index suppressions_by_age on suppressions (org_id, created_at desc, address desc)`,
]
