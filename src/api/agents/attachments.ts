import { z } from 'zod'
import { linkAttachment } from '../../core/messages/attachment-links.ts'
import { route } from '../route.ts'
import { parseId, parseInboxRef, parseMessageRef } from './ids.ts'
import { Attachment, toAttachment } from './message-shapes.ts'
import { printTime, Time } from './time.ts'

const AttachmentLink = z
  .object({ ...Attachment.shape, download_url: z.url(), expires_at: Time })
  .meta({ id: 'AttachmentLink' })

export const get = route({
  method: 'GET',
  path: '/inboxes/:inboxId/messages/:messageId/attachments/:attachmentId',
  summary: 'An attachment, and a link to its bytes that needs no key for an hour',
  reply: AttachmentLink,
  async handle({ app, caller, params }) {
    const [inbox, message] = [parseInboxRef(params.inboxId), parseMessageRef(params.messageId)]
    const id = parseId('attachment', params.attachmentId)
    const { part, url, expiresAt } = await linkAttachment(app, caller, inbox, message, id)
    return { ...toAttachment(part), download_url: url, expires_at: printTime(expiresAt) }
  },
})
