import { z } from 'zod'
import { getCaptured, listCaptured } from '../../core/outbound/captured.ts'
import type { Captured } from '../../core/outbound/model.ts'
import { rawMail } from '../raw-mail.ts'
import { route } from '../route.ts'
import { parseId, printId } from './ids.ts'
import { pageOf, pageQuery, toPage, toPageRequest } from './paging.ts'
import { printTime, Time } from './time.ts'

const CapturedItem = z
  .object({
    id: z.string(),
    inbox_id: z.string(),
    message_id: z.string(),
    mail_from: z.string(),
    recipients: z.array(z.string()),
    subject: z.string().nullable(),
    size: z.int(),
    created_at: Time,
  })
  .meta({ id: 'Captured' })

export const list = route({
  method: 'GET',
  path: '/captured',
  summary: 'Mail to the outside world that the sandbox kept, newest first',
  query: pageQuery,
  reply: pageOf(CapturedItem),
  async handle({ app, caller, query }) {
    return toPage(await listCaptured(app, caller, toPageRequest(query)), query, toCaptured)
  },
})

export const raw = route({
  method: 'GET',
  path: '/captured/:id/raw',
  summary: 'A captured mail as it would have left',
  produces: 'message/rfc822',
  async handle({ app, caller, params }) {
    const { captured, raw } = await getCaptured(app, caller, parseId('captured', params.id))
    return rawMail(raw, `${printId('captured', captured.id)}.eml`)
  },
})

function toCaptured(captured: Captured): z.output<typeof CapturedItem> {
  return {
    id: printId('captured', captured.id),
    inbox_id: printId('inbox', captured.mailboxId),
    message_id: printId('message', captured.messageId),
    mail_from: captured.mailFrom,
    recipients: captured.recipients,
    subject: captured.subject,
    size: captured.sizeBytes,
    created_at: printTime(captured.createdAt),
  }
}
