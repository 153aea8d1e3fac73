import { z } from 'zod'
import type { Mailbox } from '../../../core/mailboxes/model.ts'
import type { FileLink } from '../../../core/messages/attachment-links.ts'
import type { Highlights } from '../../../core/messages/highlights.ts'
import type { FullMessage } from '../../../core/messages/messages.ts'
import type { MailboxAddress, Message, Part } from '../../../core/messages/model.ts'
import { formatAddress } from '../../../protocol/address/format-address.ts'
import { printId } from '../ids.ts'
import { printHeaders, readingShape } from '../message-shapes.ts'
import { printTime, Time } from '../time.ts'
import { present, some } from './absent.ts'
import { printLabels } from './labels.ts'

const text = z.string()
const maybe = text.optional()
const texts = z.array(text)

export const Attachment = z
  .object({
    attachment_id: text,
    filename: maybe,
    size: z.int(),
    content_type: maybe,
    content_disposition: z.enum(['inline', 'attachment']).optional(),
    content_id: maybe,
  })
  .meta({ id: 'Attachment' })

export const AttachmentLinkShape = z
  .object({ ...Attachment.shape, download_url: z.url(), expires_at: Time })
  .meta({ id: 'AttachmentLink' })

const itemShape = {
  inbox_id: text,
  thread_id: text,
  message_id: text.describe('Its Message-ID, in angle brackets'),
  labels: texts,
  timestamp: Time,
  from: text,
  to: texts,
  cc: texts.optional(),
  bcc: texts.optional(),
  subject: maybe,
  preview: maybe,
  attachments: z.array(Attachment).optional(),
  in_reply_to: maybe,
  references: texts.optional(),
  headers: z.record(text, text).optional(),
  size: z.int(),
  updated_at: Time,
  created_at: Time,
}

/** What lists show. */
export const MessageItem = z.object(itemShape).meta({ id: 'MessageItem' })

export const MessageShape = z
  .object({
    ...itemShape,
    reply_to: texts.optional(),
    text: maybe,
    html: maybe,
    extracted_text: maybe.describe('What is new in it: without quotes and signature'),
    extracted_html: maybe,
    codes: readingShape.codes.optional(),
    links: readingShape.links.optional(),
    risk: readingShape.risk.unwrap().optional().describe('Absent when nothing speaks against believing it'),
  })
  .meta({ id: 'Message' })

export const HighlightsShape = z
  .object({
    from: texts.optional(),
    recipients: texts.optional(),
    subject: texts.optional(),
    text: texts.optional(),
  })
  .meta({ id: 'Highlights', description: 'Where the words are, between two asterisks' })

export function toItem(message: Message, mailbox: Mailbox): z.output<typeof MessageItem> {
  return present({
    inbox_id: mailbox.address,
    thread_id: printId('thread', message.threadId),
    message_id: message.messageId,
    labels: printLabels(message),
    timestamp: printTime(message.at),
    from: message.from.map(formatAddress).join(', '),
    to: message.to.map(formatAddress),
    cc: printSome(message.cc),
    bcc: printSome(message.bcc),
    subject: message.subject,
    preview: message.preview,
    attachments: some(message.attachments.map(toAttachment)),
    in_reply_to: message.inReplyTo,
    references: some(message.references),
    size: message.sizeBytes,
    updated_at: printTime(message.updatedAt),
    created_at: printTime(message.createdAt),
  })
}

export function toFull({ message, content, mailbox }: FullMessage): z.output<typeof MessageShape> {
  return {
    ...toItem(message, mailbox),
    ...present({
      headers: printHeaders(content.headers),
      reply_to: printSome(message.replyTo),
      text: content.text,
      html: content.html,
      extracted_text: content.extractedText,
      extracted_html: content.extractedHtml,
      codes: some(content.codes),
      links: some(content.links),
      risk: content.risk?.level === 'none' ? null : content.risk,
    }),
  }
}

type File = Pick<Part, 'id' | 'filename' | 'sizeBytes' | 'contentType' | 'disposition' | 'contentId'>

export function toAttachment(part: File): z.output<typeof Attachment> {
  return present({
    attachment_id: printId('attachment', part.id),
    filename: part.filename,
    size: part.sizeBytes,
    content_type: part.contentType,
    content_disposition: part.disposition,
    content_id: part.contentId,
  })
}

export function toAttachmentLink({
  part,
  url,
  expiresAt,
}: FileLink & { part: File }): z.output<typeof AttachmentLinkShape> {
  return { ...toAttachment(part), download_url: url, expires_at: printTime(expiresAt) }
}

/** The field `highlights`, when there is anything to show. */
export function withHighlights(found: Highlights): { highlights?: z.output<typeof HighlightsShape> } {
  return Object.keys(found).length > 0 ? { highlights: found } : {}
}

export function printSome(addresses: readonly MailboxAddress[]): string[] | null {
  return some(addresses.map(formatAddress))
}
