import { z } from 'zod'
import { invalid } from '../../../core/errors.ts'
import type { Enqueued } from '../../../core/outbound/enqueue-command.ts'
import { forwardMessage } from '../../../core/outbound/forward.ts'
import { replyToMessage } from '../../../core/outbound/reply.ts'
import { sendMessage } from '../../../core/outbound/send.ts'
import { route } from '../../route.ts'
import { parseMessageRef, printId } from '../ids.ts'
import { addresses, asked, optionalText, sendingMail, toDraft, type Words, words } from '../send-shapes.ts'
import { parseOwn } from './labels.ts'
import { mailboxOf } from './scope.ts'

export const Sent = z.object({ message_id: z.string(), thread_id: z.string() }).meta({ id: 'Sent' })

const sending = { ...sendingMail, reply: Sent }
const { cc: _cc, bcc: _bcc, ...answer } = words
const track_opens = z.boolean().nullish().describe('Needs html, and a domain with tracking')
const message = { to: addresses.nullish(), subject: optionalText, ...words, track_opens }

export const sends = {
  send: route({
    ...sending,
    path: '/messages/send',
    summary: 'Send a message; it opens a new thread',
    body: z.object(message),
    async handle({ app, caller, body, request }) {
      const draft = { ...toOfficialDraft(body), subject: body.subject ?? '' }
      return toSent(await sendMessage(app, caller, mailboxOf(caller), draft, ...asked(request)))
    },
  }),

  reply: route({
    ...sending,
    path: '/messages/:message_id/reply',
    summary: 'Answer the sender, or those named, in the same thread',
    body: z.object({ to: addresses.nullish(), reply_all: z.boolean().nullish(), ...words, track_opens }),
    async handle({ app, caller, params, body, request }) {
      const all = body.reply_all ?? false
      if (all) refuseRecipients(body)
      const draft = { ...toOfficialDraft(body), all }
      const ref = parseMessageRef(params.message_id)
      return toSent(await replyToMessage(app, caller, mailboxOf(caller), ref, draft, ...asked(request)))
    },
  }),

  reply_all: route({
    ...sending,
    path: '/messages/:message_id/reply-all',
    summary: 'Answer everybody, in the same thread',
    body: z.object({ ...answer, track_opens }),
    async handle({ app, caller, params, body, request }) {
      const draft = { ...toOfficialDraft(body), all: true }
      const ref = parseMessageRef(params.message_id)
      return toSent(await replyToMessage(app, caller, mailboxOf(caller), ref, draft, ...asked(request)))
    },
  }),

  forward: route({
    ...sending,
    path: '/messages/:message_id/forward',
    summary: 'Send a message on to others, our words above it, in a new thread',
    body: z.object(message),
    async handle({ app, caller, params, body, request }) {
      const draft = { ...toOfficialDraft(body), subject: body.subject ?? null, includeOriginal: true }
      const ref = parseMessageRef(params.message_id)
      return toSent(await forwardMessage(app, caller, mailboxOf(caller), ref, draft, ...asked(request)))
    },
  }),
}

function toOfficialDraft(body: Partial<Words> & { track_opens?: boolean | null | undefined }) {
  const draft = toDraft(body, (labels) => parseOwn('labels', labels))
  return { ...draft, ...(body.track_opens && { trackOpens: true as const }) }
}

function refuseRecipients(body: Partial<Words>): void {
  const given = (['to', 'cc', 'bcc'] as const).find((field) => [body[field] ?? []].flat().length > 0)
  if (given) throw invalid(given, 'cannot be given together with reply_all')
}

export function toSent({ messageId, rfcMessageId, threadId }: Enqueued): z.output<typeof Sent> {
  return { message_id: rfcMessageId ?? printId('message', messageId), thread_id: printId('thread', threadId) }
}
