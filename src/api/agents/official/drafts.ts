import { z } from 'zod'
import { createDraft } from '../../../core/drafts/create.ts'
import { deleteDraft, getDraft, linkDraftAttachment, listDrafts } from '../../../core/drafts/drafts.ts'
import type { DraftFields } from '../../../core/drafts/fields.ts'
import { sendDraft } from '../../../core/drafts/send.ts'
import { updateDraft } from '../../../core/drafts/update.ts'
import { invalid } from '../../../core/errors.ts'
import { moment } from '../../query.ts'
import { MAIL_BODY_BYTES, route } from '../../route.ts'
import { parseId, parseMessageRef } from '../ids.ts'
import {
  addresses,
  asked,
  NewAttachment,
  optionalText,
  sendingMail,
  toAttachmentInput,
  toList,
} from '../send-shapes.ts'
import { DraftItem, DraftShape, toDraftItem, toFullDraft } from './draft-shapes.ts'
import { parseOwn } from './labels.ts'
import { AttachmentLinkShape, toAttachmentLink } from './message-shapes.ts'
import { pageOf, sortedQuery, toPage, toPageRequest } from './paging.ts'
import { list } from './query.ts'
import { mailboxOf } from './scope.ts'
import { Sent, toSent } from './sends.ts'

const files = z.array(NewAttachment).nullish()
const labels = z.union([z.string(), z.array(z.string())], { error: 'must be a label or a list of labels' }).nullish()
const sendAt = z.iso.datetime({ offset: true, error: 'must be an ISO 8601 time' }).nullish()

const words = {
  to: addresses.nullish(),
  cc: addresses.nullish(),
  bcc: addresses.nullish(),
  reply_to: addresses.nullish(),
  subject: optionalText,
  text: optionalText,
  html: optionalText,
  send_at: sendAt.describe('When to send it; that takes the right to send drafts'),
}

/** What everybody may do who sees a draft. */
export const drafts = {
  list: route({
    method: 'GET',
    path: '/drafts',
    summary: 'The drafts, last changed first',
    query: sortedQuery.extend({
      labels: list.optional().describe('All of them; `scheduled` for those that wait for their time'),
      before: moment.optional().describe('Changed before it'),
      after: moment.optional().describe('Changed after it'),
    }),
    reply: pageOf('drafts', DraftItem),
    async handle(call) {
      const { labels = [], before, after } = call.query
      const filter = {
        labels: labels.filter((label) => label !== 'scheduled'),
        scheduled: labels.includes('scheduled'),
        ...(before === undefined ? {} : { before }),
        ...(after === undefined ? {} : { after }),
      }
      const { items } = await listDrafts(call.app, call.caller, filter, toPageRequest(call, 'drafts'))
      const cursorOf = ({ updatedAt, id }: (typeof items)[number]) => ({ at: updatedAt, id })
      return toPage(call, 'drafts', items, { toItem: toDraftItem, cursorOf })
    },
  }),

  get: route({
    method: 'GET',
    path: '/drafts/:draft_id',
    summary: 'One draft with everything in it',
    reply: DraftShape,
    async handle({ app, caller, params }) {
      return toFullDraft(await getDraft(app, caller, parseId('draft', params.draft_id)))
    },
  }),

  get_attachment: route({
    method: 'GET',
    path: '/drafts/:draft_id/attachments/:attachment_id',
    summary: 'A file of a draft, and a link to its bytes that needs no key for an hour',
    reply: AttachmentLinkShape,
    async handle({ app, caller, params }) {
      const [draft, file] = [parseId('draft', params.draft_id), parseId('attachment', params.attachment_id)]
      return toAttachmentLink(await linkDraftAttachment(app, caller, draft, file))
    },
  }),
}

/** What is done with the drafts of one inbox. */
export const inboxDrafts = {
  create: route({
    method: 'POST',
    path: '/drafts',
    summary: 'Write a draft; of its own, or about a message that it answers or sends on',
    maxBodyBytes: MAIL_BODY_BYTES,
    body: z.object({
      ...words,
      labels,
      attachments: files,
      in_reply_to: optionalText.describe('The message to answer: recipients, subject and thread follow from it'),
      reply_all: z.boolean().nullish().describe('Answers everybody; then no recipients may be given'),
      forward_of: optionalText.describe('The message to send on: its words and files join when the draft is sent'),
      client_id: optionalText.describe('A repeated call with it answers the draft that is there'),
    }),
    reply: DraftShape,
    async handle({ app, caller, body }) {
      const { draft } = await createDraft(app, caller, mailboxOf(caller), {
        ...{ to: toList(body.to), cc: toList(body.cc), bcc: toList(body.bcc), replyTo: toList(body.reply_to) },
        ...{ subject: body.subject ?? null, text: body.text ?? null, html: body.html ?? null },
        labels: parseOwn('labels', toList(body.labels)),
        attachments: (body.attachments ?? []).map(toAttachmentInput),
        inReplyTo: body.in_reply_to == null ? null : parseMessageRef(body.in_reply_to),
        forwardOf: body.forward_of == null ? null : parseMessageRef(body.forward_of),
        replyAll: body.reply_all ?? false,
        sendAt: body.send_at == null ? null : Date.parse(body.send_at),
        clientId: body.client_id ?? null,
      })
      return toFullDraft(draft)
    },
  }),

  update: route({
    method: 'PATCH',
    path: '/drafts/:draft_id',
    summary: 'Change what is given; null and empty lists clear. What has a time can only be changed by who may send it',
    maxBodyBytes: MAIL_BODY_BYTES,
    body: z.object({
      ...words,
      add_attachments: files,
      remove_attachments: z.array(z.string()).nullish(),
      add_labels: labels,
      remove_labels: labels,
    }),
    reply: DraftShape,
    async handle({ app, caller, params, body }) {
      const { send_at } = body
      const changed = await updateDraft(app, caller, parseId('draft', params.draft_id), {
        fields: toFields(body),
        labels: toLabelChange(body),
        addAttachments: (body.add_attachments ?? []).map(toAttachmentInput),
        removeAttachments: (body.remove_attachments ?? []).map((id) => parseId('attachment', id)),
        sendAt: typeof send_at === 'string' ? Date.parse(send_at) : send_at,
      })
      return toFullDraft(changed)
    },
  }),

  delete: route({
    method: 'DELETE',
    path: '/drafts/:draft_id',
    summary: 'Throw a draft away',
    async handle({ app, caller, params }) {
      await deleteDraft(app, caller, parseId('draft', params.draft_id))
    },
  }),

  send: route({
    ...sendingMail,
    maxBodyBytes: 1024 * 1024,
    headers: {
      ...sendingMail.headers,
      'If-Match': 'The `updated_at` that was read, in quotes: a draft that was changed since is not sent',
    },
    path: '/drafts/:draft_id/send',
    summary: 'Send a draft, once; it is gone then. Who sends what another wrote approves it',
    body: z.object({ add_labels: labels, remove_labels: labels }),
    reply: Sent,
    async handle({ app, caller, params, body, request }) {
      const sending = { labels: toLabelChange(body), readAt: readAtOf(request) }
      const id = parseId('draft', params.draft_id)
      return toSent(await sendDraft(app, caller, mailboxOf(caller), id, sending, ...asked(request)))
    },
  }),
}

type Given = { [name in keyof typeof words]?: z.output<(typeof words)[name]> }

function toFields({ to, cc, bcc, reply_to, subject, text, html }: Given): Partial<DraftFields> {
  const lists = { to, cc, bcc, replyTo: reply_to }
  const given = Object.entries(lists).filter(([, value]) => value !== undefined)
  return {
    ...Object.fromEntries(given.map(([name, value]) => [name, toList(value)])),
    ...(subject === undefined ? {} : { subject }),
    ...(text === undefined ? {} : { text }),
    ...(html === undefined ? {} : { html }),
  }
}

type Labels = z.output<typeof labels>

function toLabelChange({ add_labels, remove_labels }: { add_labels?: Labels; remove_labels?: Labels }) {
  const add = parseOwn('add_labels', toList(add_labels))
  return { add, remove: parseOwn('remove_labels', toList(remove_labels)) }
}

function readAtOf(request: Request): number | null {
  const field = request.headers.get('if-match')
  if (field === null) return null
  const readAt = Date.parse(field.replace(/^"|"$/g, ''))
  if (Number.isNaN(readAt)) throw invalid('If-Match', 'must be the updated_at of the draft, in quotes')
  return readAt
}
