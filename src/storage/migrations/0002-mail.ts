export const name = '0002-mail'

export const statements = [
  `create table mailboxes (
    id text primary key, org_id text not null, project_id text not null, address text not null, local_part text not null,
    domain text not null, display_name text, client_id text, enabled integer not null,
    message_count bigint not null, thread_count bigint not null, size_bytes bigint not null,
    last_at bigint not null, created_at bigint not null, updated_at bigint not null, deleted_at bigint)`,
  `create index mailboxes_live on mailboxes (org_id, created_at, id) where deleted_at is null`,
  `create unique index mailboxes_by_client_id on mailboxes (org_id, client_id)
    where deleted_at is null and client_id is not null`,

  `create table addresses (
    address text primary key, mailbox_id text not null, org_id text not null, kind text not null, created_at bigint not null)`,
  `create index addresses_by_mailbox on addresses (mailbox_id)`,

  `create table messages (
    id text primary key, org_id text not null, mailbox_id text not null, thread_id text not null,
    direction text not null, source text not null, status text, message_id text not null,
    from_list text not null, to_list text not null, cc_list text not null, bcc_list text not null,
    reply_to_list text not null, subject text, preview text, in_reply_to text, reference_list text not null,
    at bigint not null, sent_at bigint, size_bytes bigint not null, sha256 text not null, blob_key text not null,
    seen integer not null, flagged integer not null, handled integer not null,
    spam integer not null, blocked integer not null, trashed integer not null, hidden integer not null,
    labels text not null, part_count integer not null,
    from_text text not null, to_text text not null, subject_text text not null,
    created_at bigint not null, updated_at bigint not null)`,
  `create index messages_shown on messages (mailbox_id, hidden, at desc, id desc)`,
  `create index messages_all on messages (mailbox_id, at desc, id desc)`,
  `create unique index messages_by_message_id on messages (mailbox_id, message_id)`,
  `create index messages_by_thread on messages (thread_id, at)`,
  `create index messages_sent on messages (mailbox_id, at) where direction = 'outbound'`,
  `create index messages_by_blob on messages (blob_key)`,

  `create table message_contents (
    message_id text primary key, text text, html text, extracted_text text, extracted_html text,
    headers text not null, envelope text, authentication text, defects text not null)`,

  `create table message_labels (
    message_id text not null, label text not null, mailbox_id text not null, at bigint not null,
    primary key (message_id, label))`,
  `create index message_labels_by_label on message_labels (mailbox_id, label, at desc, message_id desc)`,

  `create table parts (
    id text primary key, message_id text not null, position integer not null, filename text, content_type text not null,
    disposition text, content_id text, size_bytes bigint not null, sha256 text not null,
    byte_offset bigint not null, byte_length bigint not null, encoding text not null)`,
  `create index parts_by_message on parts (message_id, position)`,

  `create table threads (
    id text primary key, org_id text not null, mailbox_id text not null, subject text, preview text,
    last_message_id text not null, last_at bigint not null, last_received_at bigint, last_sent_at bigint,
    message_count bigint not null, size_bytes bigint not null, senders text not null, recipients text not null,
    labels text not null, hidden integer not null,
    subject_text text not null, senders_text text not null, recipients_text text not null,
    created_at bigint not null, updated_at bigint not null)`,
  `create index threads_shown on threads (mailbox_id, hidden, last_at desc, id desc)`,
  `create index threads_all on threads (mailbox_id, last_at desc, id desc)`,

  `create table thread_labels (
    thread_id text not null, label text not null, mailbox_id text not null, last_at bigint not null,
    primary key (thread_id, label))`,
  `create index thread_labels_by_label on thread_labels (mailbox_id, label, last_at desc, thread_id desc)`,
]
