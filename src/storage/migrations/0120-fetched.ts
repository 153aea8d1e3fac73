export const name = '0120-fetched'

/** Which messages were handed to somebody who asked for the next one, and in which order that was. */
export const statements = [
  `alter table mailboxes add column fetch_count bigint not null default 0`,
  `alter table messages add column fetch_number bigint`,
  `create index messages_unfetched on messages (mailbox_id, at) where fetch_number is null and direction = 'inbound'`,
  `create index messages_fetched on messages (mailbox_id, fetch_number) where fetch_number is not null`,
]
