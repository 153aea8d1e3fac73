export const name = '0010-search'

// On SQLite the index is a file of its own, beside the rows.
export const statements = [
  `create table search_entries (
    message_id text primary key, org_id text not null, mailbox_id text not null, at bigint not null,
    words tsvector not null)`,
  'create index search_entries_words on search_entries using gin (words)',
  'create index search_entries_by_mailbox on search_entries (mailbox_id)',
  'create table search_position (seq bigint not null)',
  'insert into search_position (seq) values (0)',
]
