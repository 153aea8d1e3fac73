import { z } from 'zod'
import type { Enqueued } from '../../core/outbound/enqueue-command.ts'
import { forwardMessage } from '../../core/outbound/forward.ts'
import { replyToMessage } from '../../core/outbound/reply.ts'
import { sendMessage } from '../../core/outbound/send.ts'
import { route } from '../route.ts'
import { parseInboxRef, parseMessageRef, printId } from './ids.ts'
import { parseNewLabels } from './labels.ts'
import { addresses, asked, optionalText, sendingMail, toDraft, words } from './send-shapes.ts'

const recipients = z
  .union([z.string(), z.array(z.string()).min(1)], { error: 'at least one address is required' })
  .meta({ examples: ['recipient@example.com'] })
const Sent = z.object({ message_id: z.string(), thread_id: z.string() }).meta({ id: 'Sent' })

const sending = { ...sendingMail, reply: Sent }

export const send = route({
  ...sending,
  path: '/inboxes/:inboxId/messages/send',
  summary: 'Send a message; it opens a new thread',
  body: z.object({ to: recipients, subject: optionalText, ...words }),
  async handle({ app, caller, params, body, request }) {
    const draft = { ...toDraft(body, parseNewLabels), subject: body.subject ?? '' }
    return toSent(await sendMessage(app, caller, parseInboxRef(params.inboxId), draft, ...asked(request)))
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
    const draft = { ...toDraft(body, parseNewLabels), all: body.reply_all ?? false }
    return toSent(await replyToMessage(app, caller, inbox, message, draft, ...asked(request)))
  },
})

export const replyAll = route({
  ...sending,
  path: '/inboxes/:inboxId/messages/:messageId/reply-all',
  summary: 'Answer everybody, in the same thread',
  body: z.object(words),
  async handle({ app, caller, params, body, request }) {
    const [inbox, message] = [parseInboxRef(params.inboxId), parseMessageRef(params.messageId)]
    const draft = { ...toDraft(body, parseNewLabels), all: true }
    return toSent(await replyToMessage(app, caller, inbox, message, draft, ...asked(request)))
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
    return toSent(
      await forwardMessage(
        app,
        caller,
        inbox,
        message,
        { ...toDraft(body, parseNewLabels), ...rest },
        ...asked(request),
      ),
    )
  },
})

function toSent({ messageId, threadId }: Enqueued): z.output<typeof Sent> {
  return { message_id: printId('message', messageId), thread_id: printId('thread', threadId) }
}
