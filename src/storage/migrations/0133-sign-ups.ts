export const name = '0133-sign-ups'

export const statements = [
  `create table sign_ups (
    org_id text primary key, human_email text not null, mailbox_id text not null, key_id text not null, next_key_id text,
    code_hash text not null, code_made_at bigint not null, code_tries integer not null, verified_at bigint,
    sends_since bigint not null, sends integer not null, source text, referrer text,
    created_at bigint not null, updated_at bigint not null)`,
  `create unique index sign_ups_by_email on sign_ups (human_email)`,
]
