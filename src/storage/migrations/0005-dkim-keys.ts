export const name = '0005-dkim-keys'

export const statements = [
  `create table dkim_keys (
    id text primary key, domain_id text not null, selector text not null, algorithm text not null,
    public_record text not null, sealed_key text, state text not null, created_at bigint not null,
    activated_at bigint, retired_at bigint)`,
  `create unique index dkim_keys_by_selector on dkim_keys (domain_id, selector)`,
]
