export const name = '0100-reading'

export const statements = [
  "alter table message_contents add column codes text not null default '[]'",
  "alter table message_contents add column links text not null default '[]'",
  // Null: nobody judged it.
  'alter table message_contents add column risk text',
  'alter table messages add column has_code integer not null default 0',
  'alter table messages add column has_link integer not null default 0',
]
