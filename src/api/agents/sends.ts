import { z } from 'zod'
import type { AttachmentInput } from '../../core/outbound/attachments.ts'
import type { SendRequest } from '../../core/outbound/draft.ts'
import type { Enqueued } from '../../core/outbound/enqueue-command.ts'
import { forwardMessage } from '../../core/outbound/forward.ts'
import { replyToMessage } from '../../core/outbound/reply.ts'
import { sendMessage } from '../../core/outbound/send.ts'
import { MAIL_BODY_BYTES, route } from '../route.ts'
import { parseInboxRef, parseMessageRef, printId } from './ids.ts'
import { parseNewLabels } from './labels.ts'

const addresses = z.union([z.string(), z.array(z.string())], { error: 'must be an address or a list of addresses' })
const recipients = z
  .union([z.string(), z.array(z.string()).min(1)], { error: 'at least one address is required' })
  .meta({ examples: ['recipient@example.com'] })
const optionalText = z.string().nullish()

const NewAttachment = z
  .object({
    filename: optionalText,
    content_type: optionalText,
    content_disposition: z.enum(['attachment', 'inline']).nullish(),
    content_id: optionalText,
    content: optionalText.describe('Base64'),
    url: optionalText.describe('Where to fetch it from, in place of content'),
  })
  .meta({ id: 'NewAttachment' })

const words = {
  cc: addresses.nullish(),
  bcc: addresses.nullish(),
  reply_to: addresses.nullish(),
  text: optionalText,
  html: optionalText,
  labels: z.array(z.string()).nullish(),
  attachments: z.array(NewAttachment).nullish(),
  headers: z.record(z.string(), z.string()).nullish(),
}

const Sent = z.object({ message_id: z.string(), thread_id: z.string() }).meta({ id: 'Sent' })

const sending = {
  method: 'POST' as const,
  reply: Sent,
  maxBodyBytes: MAIL_BODY_BYTES,
  headers: { 'Idempotency-Key': 'The same key and the same call send one message, and answer alike for a day' },
}

export const send = route({
  ...sending,
  path: '/inboxes/:inboxId/messages/send',
  summary: 'Send a message; it opens a new thread',
  body: z.object({ to: recipients, subject: optionalText, ...words }),
  async handle({ app, caller, params, body, request }) {
    const draft = { ...toDraft(body), subject: body.subject ?? '' }
    return toSent(await sendMessage(app, caller, parseInboxRef(params.inboxId), draft, keyOf(request)))
  },
})

const replyFields = z.object({ to: addresses.nullish(), reply_all: z.boolean().nullish(), ...words })

export const reply = route({
  ...sending,
  path: '/inboxes/:inboxId/messages/:messageId/reply',
  summary: 'Answer the sender, in the same thread',
  body: replyFields,
  async handle({ app, caller, params, body, request }) {
    const [inbox, message] = [parseInboxRef(params.inboxId), parseMessageRef(params.messageId)]
    const draft = { ...toDraft(body), all: body.reply_all ?? false }
    return toSent(await replyToMessage(app, caller, inbox, message, draft, keyOf(request)))
  },
})

export const replyAll = route({
  ...sending,
  path: '/inboxes/:inboxId/messages/:messageId/reply-all',
  summary: 'Answer everybody, in the same thread',
  body: z.object(words),
  async handle({ app, caller, params, body, request }) {
    const [inbox, message] = [parseInboxRef(params.inboxId), parseMessageRef(params.messageId)]
    const draft = { ...toDraft(body), all: true }
    return toSent(await replyToMessage(app, caller, inbox, message, draft, keyOf(request)))
  },
})

export const forward = route({
  ...sending,
  path: '/inboxes/:inboxId/messages/:messageId/forward',
  summary: 'Send a message on to others, in a new thread',
  body: z.object({
    to: recipients,
    subject: optionalText,
    include_original: z.boolean().nullish().describe('Our words above the original, and not in its place'),
    ...words,
  }),
  async handle({ app, caller, params, body, request }) {
    const [inbox, message] = [parseInboxRef(params.inboxId), parseMessageRef(params.messageId)]
    const rest = { subject: body.subject ?? null, includeOriginal: body.include_original ?? false }
    return toSent(await forwardMessage(app, caller, inbox, message, { ...toDraft(body), ...rest }, keyOf(request)))
  },
})

type Words = z.output<z.ZodObject<typeof words>> & { to?: z.output<typeof addresses> | null | undefined }

function toDraft(body: Words): Omit<SendRequest, 'subject'> {
  return {
    to: toList(body.to),
    cc: toList(body.cc),
    bcc: toList(body.bcc),
    replyTo: toList(body.reply_to),
    text: body.text ?? null,
    html: body.html ?? null,
    labels: parseNewLabels(body.labels ?? []),
    attachments: (body.attachments ?? []).map(toAttachmentInput),
    headers: body.headers ?? {},
  }
}

function toList(value: string | string[] | null | undefined): string[] {
  return typeof value === 'string' ? [value] : (value ?? [])
}

function toAttachmentInput(file: z.output<typeof NewAttachment>): AttachmentInput {
  return {
    filename: file.filename ?? null,
    contentType: file.content_type ?? null,
    disposition: file.content_disposition ?? null,
    contentId: file.content_id ?? null,
    content: file.content ?? null,
    url: file.url ?? null,
  }
}

function keyOf(request: Request): string | null {
  return request.headers.get('idempotency-key')
}

function toSent({ messageId, threadId }: Enqueued): z.output<typeof Sent> {
  return { message_id: printId('message', messageId), thread_id: printId('thread', threadId) }
}
