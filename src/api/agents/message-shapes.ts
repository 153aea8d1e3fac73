import { z } from 'zod'
import type { FullMessage } from '../../core/messages/messages.ts'
import type { MailboxAddress, Message, MessageContent, Part } from '../../core/messages/model.ts'
import { formatAddress } from '../../protocol/address/format-address.ts'
import { printId } from './ids.ts'
import { printLabels } from './labels.ts'
import { printTime, Time } from './time.ts'

const text = z.string()
const orNull = text.nullable()

export const Attachment = z
  .object({
    attachment_id: text,
    filename: orNull,
    size: z.int(),
    content_type: text,
    content_disposition: text,
    content_id: orNull,
    sha256: text,
  })
  .meta({ id: 'Attachment' })

const itemShape = {
  inbox_id: text,
  thread_id: text,
  message_id: text,
  direction: z.enum(['inbound', 'outbound']),
  labels: z.array(text),
  timestamp: Time,
  from: text,
  to: z.array(text),
  cc: z.array(text).nullable(),
  subject: orNull,
  preview: orNull,
  size: z.int(),
  attachments: z.array(Attachment),
  status: z.enum(['queued', 'sent', 'delivered', 'bounced', 'complained', 'rejected']).nullable(),
}

const Envelope = z.object({
  mail_from: text.describe('Empty for the null sender'),
  rcpt_to: z.array(text),
  helo: orNull,
  remote_address: orNull,
  tls: orNull,
})

const Code = z.object({ value: text, kind: z.literal('code'), confidence: z.number() })

const Link = z.object({
  href: text,
  text,
  kind: z.enum(['verify', 'reset', 'login', 'unsubscribe', 'other']),
  confidence: z.number(),
})

const Risk = z.object({
  level: z.enum(['none', 'low', 'medium', 'high']),
  findings: z.array(z.object({ code: text, level: z.enum(['low', 'medium', 'high']), explanation: text })),
})

/** What is derived from a received mail for whoever acts on it. */
export const readingShape = {
  codes: z.array(Code).describe('One-time codes in what was received, the likeliest first'),
  links: z.array(Link).describe('Web links in what was received: those that confirm, reset or sign in first'),
  risk: Risk.nullable().describe('Whether what was received tries to trick its reader; null for what nobody judged'),
}

const Authentication = z.object({
  spf: z.object({ result: text, domain: orNull, explanation: orNull }),
  dkim: z.array(z.object({ result: text, domain: orNull, selector: orNull, algorithm: orNull, reason: orNull })),
  dmarc: z.object({ result: text, policy: orNull, domain: orNull }),
  arc: z.object({ result: text }),
})

/** What lists show. */
export const MessageItem = z.object(itemShape).meta({ id: 'MessageItem' })

export const FullMessageShape = z
  .object({
    ...itemShape,
    reply_to: z.array(text).nullable(),
    bcc: z.array(text).nullable(),
    text: orNull,
    html: orNull,
    extracted_text: orNull.describe('What is new in it: without quotes and signature'),
    extracted_html: orNull,
    ...readingShape,
    in_reply_to: orNull,
    references: z.array(text).nullable(),
    rfc_message_id: text,
    headers: z.record(text, text).describe('Received: all of them, repeated ones joined. Sent: the custom ones'),
    sha256: text.describe('Of the raw message'),
    envelope: Envelope.nullable().describe('What the SMTP session said; null for what was sent from here'),
    authentication: Authentication.nullable(),
    defects: z.array(z.object({ code: text, detail: text.nullable() })),
    created_at: Time,
    updated_at: Time,
  })
  .meta({ id: 'Message' })

export function toItem(message: Message): z.output<typeof MessageItem> {
  return {
    inbox_id: printId('inbox', message.mailboxId),
    thread_id: printId('thread', message.threadId),
    message_id: printId('message', message.id),
    direction: message.direction,
    labels: printLabels(message),
    timestamp: printTime(message.at),
    from: message.from.map(formatAddress).join(', '),
    to: message.to.map(formatAddress),
    cc: printSome(message.cc),
    subject: message.subject,
    preview: message.preview,
    size: message.sizeBytes,
    attachments: message.attachments.map(toAttachment),
    status: message.status,
  }
}

export function toFull({ message, content }: Omit<FullMessage, 'mailbox'>): z.output<typeof FullMessageShape> {
  return {
    ...toItem(message),
    reply_to: printSome(message.replyTo),
    bcc: printSome(message.bcc),
    text: content.text,
    html: content.html,
    extracted_text: content.extractedText,
    extracted_html: content.extractedHtml,
    codes: content.codes,
    links: content.links,
    risk: content.risk,
    in_reply_to: message.inReplyTo,
    references: message.references.length > 0 ? message.references : null,
    rfc_message_id: message.messageId,
    headers: printHeaders(content.headers),
    sha256: message.sha256,
    envelope: printEnvelope(content.envelope),
    authentication: content.authentication,
    defects: content.defects.map(({ code, detail }) => ({ code, detail: detail ?? null })),
    created_at: printTime(message.createdAt),
    updated_at: printTime(message.updatedAt),
  }
}

export function toAttachment(part: Part): z.output<typeof Attachment> {
  return {
    attachment_id: printId('attachment', part.id),
    filename: part.filename,
    size: part.sizeBytes,
    content_type: part.contentType,
    content_disposition: part.disposition ?? 'attachment',
    content_id: part.contentId,
    sha256: part.sha256,
  }
}

function printSome(addresses: readonly MailboxAddress[]): string[] | null {
  return addresses.length > 0 ? addresses.map(formatAddress) : null
}

// Repeated fields are joined under the spelling that came first. Bcc is nobody's business, even where a sender left it in.
export function printHeaders(headers: MessageContent['headers']): Record<string, string> {
  const joined = new Map<string, { name: string; values: string[] }>()
  for (const { name, value } of headers) {
    const key = name.toLowerCase()
    if (key === 'bcc') continue
    const entry = joined.get(key) ?? { name, values: [] }
    // Ours stands first. Joined to it, a stranger's verdicts would read as if they were ours.
    if (key !== 'authentication-results' || entry.values.length === 0) entry.values.push(value)
    joined.set(key, entry)
  }
  return Object.fromEntries([...joined.values()].map(({ name, values }) => [name, values.join(', ')]))
}

function printEnvelope(envelope: MessageContent['envelope']): z.output<typeof Envelope> | null {
  if (!envelope) return null
  const { mailFrom, rcptTo, helo, remoteAddress, tls } = envelope
  return { mail_from: mailFrom, rcpt_to: rcptTo, helo, remote_address: remoteAddress, tls }
}
