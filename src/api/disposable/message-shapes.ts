import { z } from 'zod'
import type { App } from '../../core/app.ts'
import type { CleaningOptions } from '../../core/messages/html-cleaner.ts'
import type { FullMessage } from '../../core/messages/messages.ts'
import type { Message, Part } from '../../core/messages/model.ts'
import { partName } from '../../core/messages/part-name.ts'
import type { Placed } from '../../core/messages/store.ts'
import { formatAddress } from '../../protocol/address/format-address.ts'
import { splitTag } from '../../protocol/address/normalize.ts'
import { printTime, Time } from './time.ts'

const text = z.string()
const orNull = text.nullable()

const itemShape = {
  uid: z.int().describe('Counted in each domain'),
  domain: text,
  inboxId: z.uuid(),
  from: text,
  to: z.array(text),
  subject: orNull,
  receivedAt: Time,
}

export const MessageItem = z.object(itemShape).meta({ id: 'MessageItem' })

const Attachment = z
  .object({
    index: z.int(),
    filename: text,
    contentType: text,
    size: z.int(),
    contentId: orNull,
    downloadUrl: text.describe('Needs the key'),
  })
  .meta({ id: 'Attachment' })

export const FullMessageShape = z
  .object({
    ...itemShape,
    cc: z.array(text),
    replyTo: z.array(text),
    messageId: text.describe('The Message-ID field'),
    tag: orNull.describe('What stood behind the + in the address it came to'),
    textBody: orNull,
    htmlBody: orNull.describe('Without what runs or loads; images of other servers are in data-src'),
    attachments: z.array(Attachment),
    codes: z.array(z.object({ value: text, confidence: z.number() })).describe('One-time codes, best first'),
    links: z.array(z.object({ href: text, text, kind: text })).describe('Those that confirm or sign in first'),
  })
  .meta({ id: 'Message' })

export function toItem(message: Message, { uid, domain }: Placed): z.output<typeof MessageItem> {
  return {
    uid,
    domain,
    inboxId: message.mailboxId,
    from: message.from.map(formatAddress).join(', '),
    to: message.to.map(formatAddress),
    subject: message.subject,
    receivedAt: printTime(message.at),
  }
}

export async function toFull(
  app: App,
  { message, content }: FullMessage,
  place: Placed,
  options: CleaningOptions = {},
): Promise<z.output<typeof FullMessageShape>> {
  const { text: textBody, html } = content
  return {
    ...toItem(message, place),
    cc: message.cc.map(formatAddress),
    replyTo: message.replyTo.map(formatAddress),
    messageId: message.messageId,
    tag: tagOf(content.envelope?.rcptTo[0]),
    textBody,
    htmlBody: html && (await app.htmlCleaner.clean(html, options)),
    attachments: message.attachments.map((part, index) => toAttachment(app, part, index, place)),
    codes: content.codes.map(({ value, confidence }) => ({ value, confidence })),
    links: content.links.map(({ href, text, kind }) => ({ href, text, kind })),
  }
}

function tagOf(recipient = ''): string | null {
  const at = recipient.lastIndexOf('@')
  return at > 0 ? splitTag(recipient.slice(0, at)).tag : null
}

function toAttachment(app: App, part: Part, index: number, { uid, domain }: Placed): z.output<typeof Attachment> {
  const { contentType, sizeBytes: size, contentId } = part
  const downloadUrl = `${app.settings.publicUrl}/v1/messages/${uid}/attachments/${index}?domain=${domain}`
  return { index, filename: partName(part, index), contentType, size, contentId, downloadUrl }
}
