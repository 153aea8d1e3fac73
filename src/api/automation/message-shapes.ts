import { z } from 'zod'
import type { App } from '../../core/app.ts'
import type { Mailbox } from '../../core/mailboxes/model.ts'
import { expiryOf } from '../../core/mailboxes/policy.ts'
import type { FullMessage } from '../../core/messages/messages.ts'
import type { Message, MessageContent, Part } from '../../core/messages/model.ts'
import { partName } from '../../core/messages/part-name.ts'
import { signStoredLink } from '../../core/messages/stored-links.ts'
import { splitTag } from '../../protocol/address/normalize.ts'
import { htmlToText } from '../../protocol/reading/html-text.ts'
import { printTime, printTimeOrNull, Time } from './time.ts'

/** How long the links inside a message are good. */
const LINK_SECONDS = 3600

const text = z.string()
const orNull = text.nullable()

const Attachment = z
  .object({
    id: text,
    fileName: text,
    contentType: text,
    sizeBytes: z.int(),
    contentId: orNull,
    isInline: z.boolean(),
    sha256: text,
    downloadUrl: text,
    downloadUrlExpiresAt: Time,
  })
  .meta({ id: 'Attachment' })

const itemShape = {
  id: text,
  inboxId: text,
  fromAddress: text,
  fromName: orNull,
  toAddresses: z.array(text),
  ccAddresses: z.array(text),
  subject: text,
  bodyText: orNull,
  sizeBytes: z.int(),
  receivedAt: Time,
  sentAt: Time.nullable(),
  expiresAt: Time.nullable(),
  isHandled: z.boolean(),
  handledAt: Time.nullable(),
  hasAttachments: z.boolean(),
  attachmentCount: z.int(),
  attachments: z.array(Attachment),
  source: z.enum(['smtp', 'push', 'imap']),
  imapConfigId: orNull,
}

export const MessageItem = z.object(itemShape).meta({ id: 'MessageItem' })

export const MessageShape = z
  .object({
    ...itemShape,
    inboxHookAddress: text,
    envelopeFrom: orNull,
    envelopeTo: orNull,
    tag: orNull,
    bodyHtml: orNull,
    messageIdHeader: orNull,
    inReplyTo: orNull,
    references: z.array(text),
    headers: z.array(z.object({ name: text, value: text })),
    authentication: z.object({ spf: text, dkim: text, dmarc: text }).nullable(),
  })
  .meta({ id: 'Message' })

export function toItem(app: App, { mailbox, message, content }: FullMessage): z.output<typeof MessageItem> {
  const { source } = message
  return {
    ...summaryOf(message, content),
    fromName: message.from[0]?.name ?? null,
    toAddresses: message.to.map((to) => to.address),
    ccAddresses: message.cc.map((cc) => cc.address),
    bodyText: content.text ?? (content.html === null ? null : htmlToText(content.html)),
    sentAt: printTimeOrNull(message.sentAt),
    expiresAt: printTimeOrNull(expiryOf(mailbox, message)),
    handledAt: printTimeOrNull(message.handledAt),
    attachments: message.attachments.map((part, at) => toAttachment(app, mailbox, message, part, at)),
    source: source === 'push' || source === 'imap' ? source : 'smtp',
    imapConfigId: content.envelope?.imapSourceId ?? null,
  }
}

export function toMessage(app: App, full: FullMessage): z.output<typeof MessageShape> {
  const { mailbox, message, content } = full
  const { envelope, headers, html } = content
  const envelopeTo = envelope?.rcptTo[0] ?? null
  return {
    ...toItem(app, full),
    inboxHookAddress: mailbox.address,
    envelopeFrom: envelope?.mailFrom ?? null,
    envelopeTo,
    tag: envelopeTo === null ? null : splitTag(envelopeTo.slice(0, envelopeTo.lastIndexOf('@'))).tag,
    bodyHtml: html,
    messageIdHeader: headers.find(({ name }) => name.toLowerCase() === 'message-id')?.value.trim() ?? null,
    inReplyTo: message.inReplyTo,
    references: message.references,
    headers,
    authentication: toVerdicts(content),
  }
}

/** What a message is in few words: the whole of what webhooks tell. */
export function summaryOf(message: Message, { envelope }: MessageContent) {
  return {
    id: message.id as string,
    inboxId: message.mailboxId as string,
    fromAddress: (message.from[0]?.address ?? envelope?.mailFrom ?? '').toLowerCase(),
    subject: message.subject ?? '',
    sizeBytes: message.sizeBytes,
    receivedAt: printTime(message.at),
    isHandled: message.handled,
    hasAttachments: message.attachments.length > 0,
    attachmentCount: message.attachments.length,
  }
}

function toAttachment(app: App, mailbox: Mailbox, message: Message, part: Part, at: number) {
  const link = signStoredLink(app, mailbox, message, part, LINK_SECONDS)
  return {
    id: part.id,
    fileName: partName(part, at),
    contentType: part.contentType,
    sizeBytes: part.sizeBytes,
    contentId: part.contentId,
    isInline: part.disposition === 'inline',
    sha256: part.sha256,
    downloadUrl: link.url,
    downloadUrlExpiresAt: printTime(link.expiresAt),
  }
}

function toVerdicts({ authentication }: MessageContent) {
  if (!authentication) return null
  const { spf, dkim, dmarc } = authentication
  const best = dkim.find(({ result }) => result === 'pass') ?? dkim[0]
  return { spf: spf.result, dkim: best?.result ?? 'none', dmarc: dmarc.result }
}
