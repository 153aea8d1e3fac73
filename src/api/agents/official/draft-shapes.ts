import { z } from 'zod'
import type { Draft, FullDraft } from '../../../core/drafts/model.ts'
import { printId } from '../ids.ts'
import { printTime, printTimeOrNull, Time } from '../time.ts'
import { present, some } from './absent.ts'
import { Attachment, printSome, toAttachment } from './message-shapes.ts'

const text = z.string()
const maybe = text.optional()
const texts = z.array(text)

const itemShape = {
  inbox_id: text,
  draft_id: text,
  labels: texts,
  to: texts.optional(),
  cc: texts.optional(),
  bcc: texts.optional(),
  subject: maybe,
  preview: maybe,
  attachments: z.array(Attachment).optional(),
  in_reply_to: maybe.describe('The message_id of the message that it answers'),
  forward_of: maybe.describe('The message_id of the message that it sends on'),
  send_status: z.enum(['scheduled', 'sending', 'failed']).optional(),
  send_at: Time.optional(),
  updated_at: Time.describe('Of no other state of this draft'),
}

/** What lists show. */
export const DraftItem = z.object(itemShape).meta({ id: 'DraftItem' })

export const DraftShape = z
  .object({
    ...itemShape,
    client_id: maybe,
    reply_to: texts.optional(),
    text: maybe,
    html: maybe,
    references: texts.optional(),
    failure: maybe.describe('Why it could not be sent at its time'),
    created_at: Time,
  })
  .meta({ id: 'Draft' })

export function toDraftItem(draft: Draft): z.output<typeof DraftItem> {
  const about = draft.original?.messageId
  return present({
    inbox_id: draft.mailboxAddress,
    draft_id: printId('draft', draft.id),
    labels: labelsOf(draft),
    to: printSome(draft.to),
    cc: printSome(draft.cc),
    bcc: printSome(draft.bcc),
    subject: draft.subject,
    preview: draft.preview,
    attachments: some(draft.attachments.map(toAttachment)),
    in_reply_to: draft.kind === 'reply' ? about : null,
    forward_of: draft.kind === 'forward' ? about : null,
    send_status: draft.sendStatus,
    send_at: printTimeOrNull(draft.sendAt),
    updated_at: printTime(draft.updatedAt),
  })
}

export function toFullDraft(draft: FullDraft): z.output<typeof DraftShape> {
  return {
    ...toDraftItem(draft),
    ...present({
      client_id: draft.clientId,
      reply_to: printSome(draft.replyTo),
      text: draft.text,
      html: draft.html,
      references: some(draft.references),
      failure: draft.failure,
      created_at: printTime(draft.createdAt),
    }),
  }
}

function labelsOf({ sendStatus, labels }: Draft): string[] {
  const waits = sendStatus === 'scheduled' || sendStatus === 'sending'
  return [...new Set([...(waits ? ['scheduled'] : []), ...labels])]
}
