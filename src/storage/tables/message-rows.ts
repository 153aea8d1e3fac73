import type { MailboxId, MessageId, OrgId, ThreadId } from '../../core/ids.ts'
import { type HidingFlag, isHidden } from '../../core/messages/hiding.ts'
import { filterTexts } from '../../core/messages/matches.ts'
import type { Direction, Message, MessageContent, OutboundStatus, Part, Source } from '../../core/messages/model.ts'
import type { MessageContentTable, MessageTable } from '../schema.ts'

/** What a `Message` is made of: all but the columns that only filters look at. */
export const messageColumns = [
  'id',
  'org_id',
  'mailbox_id',
  'thread_id',
  'direction',
  'source',
  'status',
  'message_id',
  'from_list',
  'to_list',
  'cc_list',
  'bcc_list',
  'reply_to_list',
  'subject',
  'preview',
  'in_reply_to',
  'reference_list',
  'at',
  'sent_at',
  'size_bytes',
  'sha256',
  'blob_key',
  'seen',
  'flagged',
  'handled',
  'handled_at',
  'spam',
  'blocked',
  'unauthenticated',
  'trashed',
  'has_code',
  'has_link',
  'opened',
  'labels',
  'part_count',
  'created_at',
  'updated_at',
] as const satisfies (keyof MessageTable)[]

export const allMessageColumns = [
  ...messageColumns,
  'hidden',
  'from_text',
  'to_text',
  'subject_text',
] as const satisfies (keyof MessageTable)[]

export const contentColumns = [
  'message_id',
  'text',
  'html',
  'extracted_text',
  'extracted_html',
  'headers',
  'envelope',
  'authentication',
  'defects',
  'codes',
  'links',
  'risk',
  'unquoted',
] as const satisfies (keyof MessageContentTable)[]

export type MessageRow = Pick<MessageTable, (typeof messageColumns)[number]>

export function toMessage(row: MessageRow, attachments: Part[]): Message {
  return {
    id: row.id as MessageId,
    orgId: row.org_id as OrgId,
    mailboxId: row.mailbox_id as MailboxId,
    threadId: row.thread_id as ThreadId,
    direction: row.direction as Direction,
    source: row.source as Source,
    status: row.status as OutboundStatus | null,
    messageId: row.message_id,
    from: toList(row.from_list),
    to: toList(row.to_list),
    cc: toList(row.cc_list),
    bcc: toList(row.bcc_list),
    replyTo: toList(row.reply_to_list),
    subject: row.subject,
    preview: row.preview,
    inReplyTo: row.in_reply_to,
    references: toList(row.reference_list),
    at: row.at,
    sentAt: row.sent_at,
    sizeBytes: row.size_bytes,
    sha256: row.sha256,
    blobKey: row.blob_key,
    seen: row.seen === 1,
    flagged: row.flagged === 1,
    handled: row.handled === 1,
    handledAt: row.handled_at,
    spam: row.spam === 1,
    blocked: row.blocked === 1,
    unauthenticated: row.unauthenticated === 1,
    trashed: row.trashed === 1,
    hasCode: row.has_code === 1,
    hasLink: row.has_link === 1,
    opened: row.opened === 1,
    labels: toList(row.labels),
    attachments,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

export function fromMessage(m: Message): MessageTable {
  const texts = filterTexts(m)
  return {
    id: m.id,
    org_id: m.orgId,
    mailbox_id: m.mailboxId,
    thread_id: m.threadId,
    direction: m.direction,
    source: m.source,
    status: m.status,
    message_id: m.messageId,
    from_list: fromList(m.from),
    to_list: fromList(m.to),
    cc_list: fromList(m.cc),
    bcc_list: fromList(m.bcc),
    reply_to_list: fromList(m.replyTo),
    subject: m.subject,
    preview: m.preview,
    in_reply_to: m.inReplyTo,
    reference_list: fromList(m.references),
    at: m.at,
    sent_at: m.sentAt,
    size_bytes: m.sizeBytes,
    sha256: m.sha256,
    blob_key: m.blobKey,
    ...flagsOf(m),
    has_code: m.hasCode ? 1 : 0,
    has_link: m.hasLink ? 1 : 0,
    opened: m.opened ? 1 : 0,
    labels: fromList(m.labels),
    part_count: m.attachments.length,
    from_text: texts.from,
    to_text: texts.to,
    subject_text: texts.subject,
    fetch_number: null,
    created_at: m.createdAt,
    updated_at: m.updatedAt,
  }
}

type Flags = 'seen' | 'flagged' | 'handled' | HidingFlag

export function flagsOf(m: Pick<Message, Flags | 'handledAt'>): Pick<MessageTable, Flags | 'hidden' | 'handled_at'> {
  const flag = (on: boolean) => (on ? 1 : 0)
  return {
    seen: flag(m.seen),
    flagged: flag(m.flagged),
    handled: flag(m.handled),
    handled_at: m.handledAt,
    spam: flag(m.spam),
    blocked: flag(m.blocked),
    unauthenticated: flag(m.unauthenticated),
    trashed: flag(m.trashed),
    hidden: flag(isHidden(m)),
  }
}

const UNQUOTED_TEXT = 1
const UNQUOTED_HTML = 2

export function toContent(row: MessageContentTable): MessageContent {
  return {
    text: row.text,
    html: row.html,
    extractedText: row.unquoted & UNQUOTED_TEXT ? row.text : row.extracted_text,
    extractedHtml: row.unquoted & UNQUOTED_HTML ? row.html : row.extracted_html,
    headers: JSON.parse(row.headers),
    envelope: row.envelope === null ? null : JSON.parse(row.envelope),
    authentication: row.authentication === null ? null : JSON.parse(row.authentication),
    defects: toList(row.defects),
    codes: toList(row.codes),
    links: toList(row.links),
    risk: row.risk === null ? null : JSON.parse(row.risk),
  }
}

export function fromContent(id: MessageId, c: MessageContent): MessageContentTable {
  // Most mail is no reply: its words are kept once.
  const unquoted = (c.extractedText === c.text ? UNQUOTED_TEXT : 0) | (c.extractedHtml === c.html ? UNQUOTED_HTML : 0)
  return {
    message_id: id,
    text: c.text,
    html: c.html,
    extracted_text: unquoted & UNQUOTED_TEXT ? null : c.extractedText,
    extracted_html: unquoted & UNQUOTED_HTML ? null : c.extractedHtml,
    headers: JSON.stringify(c.headers),
    envelope: c.envelope === null ? null : JSON.stringify(c.envelope),
    authentication: c.authentication === null ? null : JSON.stringify(c.authentication),
    defects: fromList(c.defects),
    codes: fromList(c.codes),
    links: fromList(c.links),
    risk: c.risk === null ? null : JSON.stringify(c.risk),
    unquoted,
  }
}

// Most lists of most messages are empty.
function toList<T>(json: string): T[] {
  return json === '[]' ? [] : JSON.parse(json)
}

function fromList(list: readonly unknown[]): string {
  return list.length === 0 ? '[]' : JSON.stringify(list)
}
