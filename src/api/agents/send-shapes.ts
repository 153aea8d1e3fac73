import { z } from 'zod'
import type { AttachmentInput } from '../../core/outbound/attachments.ts'
import type { SendRequest } from '../../core/outbound/draft.ts'
import { MAIL_BODY_BYTES } from '../route.ts'

export const addresses = z.union([z.string(), z.array(z.string())], {
  error: 'must be an address or a list of addresses',
})
export const optionalText = z.string().nullish()

export const NewAttachment = z
  .object({
    filename: optionalText,
    content_type: optionalText,
    content_disposition: z.enum(['attachment', 'inline']).nullish(),
    content_id: optionalText,
    content: optionalText.describe('Base64'),
    url: optionalText.describe('Where to fetch it from, in place of content'),
  })
  .meta({ id: 'NewAttachment' })

export const words = {
  cc: addresses.nullish(),
  bcc: addresses.nullish(),
  reply_to: addresses.nullish(),
  text: optionalText,
  html: optionalText,
  labels: z.array(z.string()).nullish(),
  attachments: z.array(NewAttachment).nullish(),
  headers: z.record(z.string(), z.string()).nullish(),
}

export const sendingMail = {
  method: 'POST' as const,
  maxBodyBytes: MAIL_BODY_BYTES,
  headers: { 'Idempotency-Key': 'The same key and the same call send one message, and answer alike for a day' },
}

export type Words = z.output<z.ZodObject<typeof words>> & { to?: z.output<typeof addresses> | null | undefined }

/** What a body asks to be sent; what labels may be, the dialect says. */
export function toDraft(
  body: Words,
  checkLabels: (labels: readonly string[]) => string[],
): Omit<SendRequest, 'subject'> {
  return {
    to: toList(body.to),
    cc: toList(body.cc),
    bcc: toList(body.bcc),
    replyTo: toList(body.reply_to),
    text: body.text ?? null,
    html: body.html ?? null,
    labels: checkLabels(body.labels ?? []),
    attachments: (body.attachments ?? []).map(toAttachmentInput),
    headers: body.headers ?? {},
  }
}

export function toList(value: string | string[] | null | undefined): string[] {
  return typeof value === 'string' ? [value] : (value ?? [])
}

export function toAttachmentInput(file: z.output<typeof NewAttachment>): AttachmentInput {
  return {
    filename: file.filename ?? null,
    contentType: file.content_type ?? null,
    disposition: file.content_disposition ?? null,
    contentId: file.content_id ?? null,
    content: file.content ?? null,
    url: file.url ?? null,
  }
}

/** How a send was asked for: under which key, and the signal that tells that whoever asked is gone. */
export function asked(request: Request): [key: string | null, gone: AbortSignal] {
  return [request.headers.get('idempotency-key'), request.signal]
}
