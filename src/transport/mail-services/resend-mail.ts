import { partName } from '../../core/messages/part-name.ts'
import { formatAddress } from '../../protocol/address/format-address.ts'
import type { Mailbox } from '../../protocol/mime/address-list.ts'
import { decodePart } from '../../protocol/mime/decode-part.ts'
import { type ParsedMessage, type Part, parseMessage } from '../../protocol/mime/parse-message.ts'

/** A mail as Resend's API takes it: it composes the MIME itself. */
export interface ResendMail {
  from: string
  to: string[]
  cc?: string[]
  bcc?: string[]
  reply_to?: string[]
  subject: string
  text?: string
  html?: string
  headers?: Record<string, string>
  attachments?: ResendAttachment[]
}

export interface ResendAttachment {
  filename: string
  content: string
  content_type: string
  content_id?: string
}

/** What the service writes itself, from the fields above or for its own trace. */
const MADE_THERE =
  /^(from|to|cc|bcc|reply-to|sender|subject|date|mime-version|content-.*|dkim-signature|arc-.*|received|return-path|authentication-results)$/i
/** More recipients are not taken in one call. */
export const MAX_RECIPIENTS = 50

export interface ResendCall {
  recipients: string[]
  mail: ResendMail
}

/**
 * One message for the service, in as many calls as it takes. It sends to exactly those it is shown, so only the recipients of this
 * envelope are named, each where the message names it; who is in no field is a blind copy. A blind copy with nobody else to be named
 * gets a call of its own, lest strangers see each other.
 */
export function toResendCalls(raw: Buffer, recipients: readonly string[]): ResendCall[] {
  const message = parseMessage(raw)
  const common = commonOf(raw, message)
  const to = named(message.to, recipients)
  const cc = named(message.cc, recipients).filter(({ address }) => !has(to, address))
  const bcc = recipients.filter((recipient) => !has(to, recipient) && !has(cc, recipient))
  const visible = to.length > 0 ? to : cc
  if (visible.length === 0 || recipients.length > MAX_RECIPIENTS) return alone(recipients, [...to, ...cc], common)
  const mail: ResendMail = {
    ...common,
    to: visible.map(formatAddress),
    ...(to.length > 0 && cc.length > 0 ? { cc: cc.map(formatAddress) } : {}),
    ...(bcc.length > 0 ? { bcc } : {}),
  }
  return [{ recipients: [...recipients], mail }]
}

function alone(recipients: readonly string[], names: Mailbox[], common: Omit<ResendMail, 'to'>): ResendCall[] {
  return recipients.map((recipient) => {
    const known = names.find(({ address }) => same(address, recipient))
    return { recipients: [recipient], mail: { ...common, to: [known ? formatAddress(known) : recipient] } }
  })
}

function commonOf(raw: Buffer, message: ParsedMessage): Omit<ResendMail, 'to'> {
  const headers = message.fields.filter(({ name }) => !MADE_THERE.test(name)).map(({ name, value }) => [name, value])
  const { text, html, subject, replyTo, parts } = message
  return {
    from: message.from.map(formatAddress).slice(0, 1).join(),
    subject: subject ?? '',
    // A mail must have one of them.
    ...(text !== null || html === null ? { text: text ?? '' } : {}),
    ...(html !== null ? { html } : {}),
    ...(replyTo.length > 0 ? { reply_to: replyTo.map(formatAddress) } : {}),
    ...(headers.length > 0 ? { headers: Object.fromEntries(headers) } : {}),
    ...(parts.length > 0 ? { attachments: parts.map((part, i) => toAttachment(raw, part, i)) } : {}),
  }
}

function toAttachment(raw: Buffer, part: Part, index: number): ResendAttachment {
  return {
    filename: partName(part, index),
    content: decodePart(raw, part).toString('base64'),
    content_type: part.charset === null ? part.contentType : `${part.contentType}; charset=${part.charset}`,
    ...(part.contentId !== null ? { content_id: part.contentId } : {}),
  }
}

function named(field: Mailbox[], recipients: readonly string[]): Mailbox[] {
  const found = field.filter(({ address }) => recipients.some((recipient) => same(recipient, address)))
  return found.filter((one, i) => found.findIndex((other) => same(other.address, one.address)) === i)
}

function has(list: readonly Mailbox[], address: string): boolean {
  return list.some((one) => same(one.address, address))
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
