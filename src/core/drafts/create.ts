import { forwardSubject, replySubject } from '../../protocol/compose/subject.ts'
import { type Caller, demand } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { checkClientId } from '../client-id.ts'
import { invalid } from '../errors.ts'
import { type DraftId, newId } from '../ids.ts'
import { reachMailbox } from '../mailboxes/mailboxes.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import { checkLabels } from '../messages/labels.ts'
import { findMessage } from '../messages/messages.ts'
import { type AttachmentInput, checkAttachments } from '../outbound/attachments.ts'
import { oneLine } from '../outbound/foreign-text.ts'
import { ancestryOf, recipientsOf } from '../outbound/reply.ts'
import { checkDraftFields, checkSendAt, type DraftFields, previewOfDraft } from './fields.ts'
import { withFiles } from './files.ts'
import type { FullDraft } from './model.ts'

export interface DraftRequest extends DraftFields {
  labels: string[]
  attachments: AttachmentInput[]
  /** The message that it answers, or that it sends on: never both. */
  inReplyTo: string | null
  forwardOf: string | null
  /** Answers everybody; then it may name no recipients itself. */
  replyAll: boolean
  sendAt: number | null
  clientId: string | null
}

/** Makes a draft; `created` is false when `clientId` led to the one that is there. To give it a time takes the right to send it. */
export async function createDraft(
  app: App,
  caller: Caller,
  mailboxId: string,
  request: DraftRequest,
): Promise<{ draft: FullDraft; created: boolean }> {
  const checked = check(app, request)
  demand(caller, 'draft_create')
  if (request.sendAt !== null) demand(caller, 'draft_send')
  if (request.inReplyTo !== null || request.forwardOf !== null) demand(caller, 'message_read')
  const mailbox = await reachMailbox(app, caller, mailboxId)
  const words = { ...checked, ...(await derive(app, caller, mailbox, request, checked)) }
  const owner = { orgId: mailbox.orgId, mailboxId: mailbox.id, mailboxAddress: mailbox.address }
  const { draft, created } = await withFiles(app, request.attachments, async (attachments) => {
    const decided = { id: newId<DraftId>(), preview: previewOfDraft(checked), attachments, createdBy: caller.keyId }
    const made = await app.store.run('drafts.create', { draft: { ...owner, ...words, ...decided } })
    return { ...made, used: made.created }
  })
  return { draft, created }
}

type Written = Pick<FullDraft, keyof DraftFields | 'labels' | 'sendAt' | 'clientId'>

/** Everything that is wrong with a request in itself. */
function check(app: App, request: DraftRequest): Written {
  const { to, cc, bcc, replyTo, subject, text, html, sendAt } = request
  const fields = checkDraftFields({ to, cc, bcc, replyTo, subject, text, html })
  checkAttachments(request.attachments)
  checkSendAt(sendAt, app.clock.now())
  if (request.inReplyTo !== null && request.forwardOf !== null) {
    throw invalid('forward_of', 'cannot be given together with in_reply_to')
  }
  if (request.replyAll && request.inReplyTo === null) throw invalid('reply_all', 'needs in_reply_to')
  if (request.replyAll && to.length + cc.length + bcc.length > 0) {
    throw invalid('reply_all', 'cannot be given together with to, cc or bcc')
  }
  return { ...fields, labels: checkLabels(request.labels), sendAt, clientId: checkClientId(request.clientId) }
}

type Derived = Pick<FullDraft, 'kind' | 'original' | 'inReplyTo' | 'references' | 'threadId' | 'to' | 'cc' | 'subject'>

/** What a draft has from the message that it is about. */
async function derive(
  app: App,
  caller: Caller,
  mailbox: Mailbox,
  request: DraftRequest,
  { to, cc, subject }: Written,
): Promise<Derived> {
  const about = request.inReplyTo ?? request.forwardOf
  const alone = { original: null, inReplyTo: null, references: [], threadId: null, to, cc }
  if (about === null) return { ...alone, kind: 'plain', subject }
  const { message } = await findMessage(app, caller, mailbox.id, about)
  const original = { id: message.id, messageId: message.messageId }
  const line = oneLine(message.subject)
  if (request.inReplyTo === null) {
    return { ...alone, kind: 'forward', original, subject: subject ?? forwardSubject(line) }
  }
  const found = recipientsOf(message, mailbox, { all: request.replyAll, to: request.to })
  return {
    kind: 'reply',
    original,
    ...(await ancestryOf(app, message)),
    threadId: message.threadId,
    to: [...found.to, ...to],
    cc: [...found.cc, ...cc],
    subject: subject ?? replySubject(line),
  }
}
