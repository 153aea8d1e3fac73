export const name = '0251-fewer-indexes'

/**
 * A mail is written into every tree whose key begins with its mailbox, one page each. What a list hides or shows is read from the
 * end of the key, so one index does for both kinds of list.
 */
export const statements = [
  // What locks most comes first: on PostgreSQL nobody then waits for us while we wait for them.
  `drop index messages_shown`,
  `drop index messages_all`,
  `create index messages_by_mailbox on messages (mailbox_id, at desc, id desc, hidden)`,
  // Those that are hidden are counted apart.
  `create index messages_hidden on messages (mailbox_id) where hidden = 1`,
  `drop index threads_shown`,
  `drop index threads_all`,
  `create index threads_by_mailbox on threads (mailbox_id, last_at desc, id desc, hidden)`,
]
