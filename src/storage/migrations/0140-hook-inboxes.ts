export const name = '0140-hook-inboxes'

export const statements = [
  `alter table mailboxes add column created_by text`,
  `alter table mailboxes add column retention_days integer`,
  `create index mailboxes_with_retention on mailboxes (id, retention_days)
    where retention_days is not null and deleted_at is null`,
  `create table hook_selectors (selector text primary key, created_at bigint not null)`,

  `alter table messages add column handled_at bigint`,
  // The queue that handling takes its first ones from.
  `create index messages_unhandled on messages (mailbox_id, at, id)
    where handled = 0 and hidden = 0 and direction = 'inbound'`,
  `create index events_of_drops on events (mailbox_id, created_at) where type = 'message.dropped'`,
]
