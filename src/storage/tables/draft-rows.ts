import type { Draft, DraftAttachment, FullDraft } from '../../core/drafts/model.ts'
import type { ApiKeyId, DraftId, JobId, MailboxId, MessageId, OrgId, PartId, ThreadId } from '../../core/ids.ts'
import type { DraftAttachmentTable, DraftTable } from '../schema.ts'

/** What lists show: all but the bodies. */
export const draftColumns = [
  'id',
  'org_id',
  'mailbox_id',
  'client_id',
  'kind',
  'original_id',
  'original_message_id',
  'in_reply_to',
  'reference_list',
  'thread_id',
  'to_list',
  'cc_list',
  'bcc_list',
  'reply_to_list',
  'subject',
  'preview',
  'labels',
  'send_at',
  'send_status',
  'failure',
  'job_id',
  'generation',
  'created_by',
  'scheduled_by',
  'created_at',
  'updated_at',
] as const satisfies (keyof DraftTable)[]

/** A row with the address of its mailbox beside it. */
export type DraftRow = Pick<DraftTable, (typeof draftColumns)[number]> & { address: string }

export function toDraft(row: DraftRow, attachments: DraftAttachment[]): Draft {
  return {
    id: row.id as DraftId,
    orgId: row.org_id as OrgId,
    mailboxId: row.mailbox_id as MailboxId,
    mailboxAddress: row.address,
    clientId: row.client_id,
    kind: row.kind as Draft['kind'],
    original: toOriginal(row),
    inReplyTo: row.in_reply_to,
    references: JSON.parse(row.reference_list),
    threadId: row.thread_id as ThreadId | null,
    to: JSON.parse(row.to_list),
    cc: JSON.parse(row.cc_list),
    bcc: JSON.parse(row.bcc_list),
    replyTo: JSON.parse(row.reply_to_list),
    subject: row.subject,
    preview: row.preview,
    labels: JSON.parse(row.labels),
    attachments,
    sendAt: row.send_at,
    sendStatus: row.send_status as Draft['sendStatus'],
    failure: row.failure,
    jobId: row.job_id as JobId | null,
    generation: row.generation,
    createdBy: row.created_by as ApiKeyId | null,
    scheduledBy: row.scheduled_by as ApiKeyId | null,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

function toOriginal({ original_id: id, original_message_id: messageId }: DraftRow): Draft['original'] {
  return id === null || messageId === null ? null : { id: id as MessageId, messageId }
}

export function fromDraft(d: FullDraft): DraftTable {
  return {
    id: d.id,
    org_id: d.orgId,
    mailbox_id: d.mailboxId,
    client_id: d.clientId,
    kind: d.kind,
    original_id: d.original?.id ?? null,
    original_message_id: d.original?.messageId ?? null,
    in_reply_to: d.inReplyTo,
    reference_list: JSON.stringify(d.references),
    thread_id: d.threadId,
    to_list: JSON.stringify(d.to),
    cc_list: JSON.stringify(d.cc),
    bcc_list: JSON.stringify(d.bcc),
    reply_to_list: JSON.stringify(d.replyTo),
    subject: d.subject,
    preview: d.preview,
    text: d.text,
    html: d.html,
    labels: JSON.stringify(d.labels),
    send_at: d.sendAt,
    send_status: d.sendStatus,
    failure: d.failure,
    job_id: d.jobId,
    generation: d.generation,
    created_by: d.createdBy,
    scheduled_by: d.scheduledBy,
    created_at: d.createdAt,
    updated_at: d.updatedAt,
  }
}

export function toAttachment(row: DraftAttachmentTable): DraftAttachment {
  return {
    id: row.id as PartId,
    filename: row.filename,
    contentType: row.content_type,
    disposition: row.disposition as DraftAttachment['disposition'],
    contentId: row.content_id,
    sizeBytes: row.size_bytes,
    sha256: row.sha256,
    blobKey: row.blob_key,
  }
}

export function fromAttachment(draft: DraftId, position: number, file: DraftAttachment): DraftAttachmentTable {
  return {
    id: file.id,
    draft_id: draft,
    position,
    filename: file.filename,
    content_type: file.contentType,
    disposition: file.disposition,
    content_id: file.contentId,
    size_bytes: file.sizeBytes,
    sha256: file.sha256,
    blob_key: file.blobKey,
  }
}
