import { z } from 'zod'
import { invalid } from '../../core/errors.ts'
import { firstOutcome, lastRefusal } from '../../core/outbound/history.ts'
import { sendFrom } from '../../core/outbound/send-from.ts'
import { Answer, MAIL_BODY_BYTES, route } from '../route.ts'
import { printOutboundId } from './ids.ts'

const addresses = z.union([z.string(), z.array(z.string())], { error: 'must be an address or a list of addresses' })

const Sent = z.object({ ok: z.literal(true), outboundId: z.string(), messageId: z.string() })
const Refused = z.object({ ok: z.literal(false), outboundId: z.string(), messageId: z.string(), error: z.string() })

export const send = route({
  method: 'POST',
  path: '/messages',
  scope: 'write',
  summary: 'Send a message. It stands in the outbound history before anybody is asked to take it',
  headers: { 'Idempotency-Key': 'The same call with the same key sends once, for a day' },
  maxBodyBytes: MAIL_BODY_BYTES,
  body: z.object({
    from: z
      .string()
      .describe('An address in a domain of yours')
      .meta({ examples: ['noreply@example.com'] }),
    to: addresses,
    subject: z.string(),
    text: z.string().nullish(),
    html: z.string().nullish(),
    cc: addresses.nullish(),
    bcc: addresses.nullish(),
  }),
  reply: z.union([Sent, Refused]).meta({ id: 'Sent' }),
  otherwise: { 502: 'Refused at once by whoever should take it over; it is in the history with its error' },
  async handle({ app, caller, body, request }) {
    const { text = null, html = null } = body
    if (!text && !html) throw invalid('text', 'text or html is required')
    const draft = { to: [body.to].flat(), cc: [body.cc ?? []].flat(), bcc: [body.bcc ?? []].flat() }
    const rest = { replyTo: [], labels: [], attachments: [], headers: {} }
    const key = request.headers.get('idempotency-key')
    const { from, subject } = body
    const sent = await sendFrom(app, caller, from, { ...draft, subject, text, html, ...rest }, key)
    const deliveries = await firstOutcome(app, sent.messageId)
    const names = { outboundId: printOutboundId(sent.messageId), messageId: sent.rfcMessageId }
    const lost = deliveries.length > 0 && deliveries.every(({ status }) => status === 'failed')
    if (!lost) return { ok: true as const, ...names }
    return new Answer(502, { ok: false as const, ...names, error: lastRefusal(deliveries) ?? 'refused' })
  },
})
