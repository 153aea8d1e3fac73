export const name = '0110-drafts'

export const statements = [
  `create table drafts (
    id text primary key, org_id text not null, mailbox_id text not null, client_id text, kind text not null,
    original_id text, original_message_id text, in_reply_to text, reference_list text not null, thread_id text,
    to_list text not null, cc_list text not null, bcc_list text not null, reply_to_list text not null,
    subject text, preview text, text text, html text, labels text not null,
    send_at bigint, send_status text, failure text, job_id text, generation bigint not null,
    created_by text, scheduled_by text, created_at bigint not null, updated_at bigint not null)`,
  `create index drafts_by_mailbox on drafts (mailbox_id, updated_at, id)`,
  `create index drafts_by_organization on drafts (org_id, updated_at, id)`,
  `create index drafts_by_client_id on drafts (org_id, client_id) where client_id is not null`,

  `create table draft_labels (draft_id text not null, label text not null, primary key (draft_id, label))`,

  `create table draft_attachments (
    id text primary key, draft_id text not null, position integer not null, filename text, content_type text not null,
    disposition text not null, content_id text, size_bytes bigint not null, sha256 text not null, blob_key text not null)`,
  `create index draft_attachments_by_draft on draft_attachments (draft_id, position)`,
  `create index draft_attachments_by_blob on draft_attachments (blob_key)`,
]
