export const name = '0150-submission-credentials'

export const statements = [
  `create table submission_credentials (
    mailbox_id text primary key, org_id text not null, username text not null unique, password_hash text not null,
    created_at bigint not null)`,
]
