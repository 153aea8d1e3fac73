export const name = '0151-message-uids'

/** Received messages are numbered in the domain of their mailbox, upwards and never twice. */
export const statements = [
  'create table message_uids (domain text not null, uid bigint not null, message_id text not null unique, primary key (domain, uid))',
  'create table domain_uids (domain text primary key, last_uid bigint not null)',
  `insert into message_uids (domain, uid, message_id)
    select b.domain, row_number() over (partition by b.domain order by m.at, m.id), m.id
    from messages m join mailboxes b on b.id = m.mailbox_id where m.direction = 'inbound'`,
  'insert into domain_uids (domain, last_uid) select domain, max(uid) from message_uids group by domain',
  // Lists of a whole organization, newest first.
  'create index messages_of_organization on messages (org_id, direction, at desc, id desc)',
]
