import { type Caller, demand } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { Failure } from '../errors.ts'
import type { MessageId } from '../ids.ts'
import { reachMailbox } from '../mailboxes/mailboxes.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import { distinctRecipients } from '../outbound/draft.ts'
import type { Enqueued } from '../outbound/enqueue-command.ts'
import { bodiesOf, originalAttachments, passedOn } from '../outbound/forward.ts'
import { checkIdempotencyKey, once } from '../outbound/once.ts'
import { type Composition, submit } from '../outbound/submit.ts'
import { refuseSending, type SentDraft } from './commands.ts'
import { changeLabels, type LabelChange, reachDraft } from './drafts.ts'
import { readFiles } from './files.ts'
import type { FullDraft } from './model.ts'

export interface DraftSending {
  labels: LabelChange
  /** The `updatedAt` that the sender read: they approve those words and no others. Null takes it as it is. */
  readAt: number | null
}

/**
 * Sends a draft, which is gone with the commit that queues its message: whoever sends it again finds nothing, unless they ask with
 * the same idempotency key. Whoever may send drafts approves them; the right to send messages of one's own is another.
 */
export async function sendDraft(
  app: App,
  caller: Caller,
  mailboxId: string,
  id: string,
  sending: DraftSending,
  idempotencyKey: string | null = null,
  gone?: AbortSignal,
): Promise<Enqueued> {
  changeLabels([], sending.labels)
  checkIdempotencyKey(idempotencyKey)
  demand(caller, 'draft_send')
  const mailbox = await reachMailbox(app, caller, mailboxId)
  const send = async (messageId?: MessageId) => {
    const draft = await reachDraft(app, { ...caller, mailboxId: mailbox.id }, id)
    refuseSending(draft)
    if (sending.readAt !== null && sending.readAt !== draft.updatedAt) {
      throw new Failure('conflict', 'The draft was changed since it was read')
    }
    const consumes = { id: draft.id, generation: draft.generation, jobId: null, by: caller.keyId }
    const labelled = { ...draft, labels: changeLabels(draft.labels, sending.labels) }
    return submitDraft(app, mailbox, labelled, consumes, idempotencyKey, messageId)
  }
  return once(app, mailbox, idempotencyKey, ['draft', id, sending], send, gone && { caller, gone })
}

/** Makes a draft a message and queues it, by the way of every other send. */
export async function submitDraft(
  app: App,
  mailbox: Mailbox,
  draft: FullDraft,
  consumes: SentDraft,
  idempotencyKey: string | null,
  messageId?: MessageId,
): Promise<Enqueued> {
  if (draft.to.length + draft.cc.length + draft.bcc.length === 0) {
    throw new Failure('unprocessable', 'This draft has no recipients')
  }
  const { replyTo, subject, labels, inReplyTo, references } = draft
  const recipients = distinctRecipients(draft, [app.settings.mailDomain])
  const { text, html, ...rest } = await contentOf(app, draft)
  return submit(app, mailbox, {
    id: messageId,
    draft: { ...recipients, replyTo, subject: subject ?? '', text, html, labels, headers: [] },
    ...rest,
    inReplyTo,
    references,
    joins: draft.threadId,
    idempotencyKey,
    consumes,
  })
}

type Content = Pick<Composition, 'attachments' | 'passesOn'> & Pick<FullDraft, 'text' | 'html'>

// The original of a reply may be gone, its place in the conversation is in the draft; what is sent on must still be there.
async function contentOf(app: App, draft: FullDraft): Promise<Content> {
  const own = await readFiles(app, draft.attachments)
  if (draft.kind !== 'forward' || !draft.original) return { text: draft.text, html: draft.html, attachments: own }
  const { messages } = app.store.read
  const message = await messages.get(draft.mailboxId, draft.original.id)
  const content = message && (await messages.content(message.id))
  if (!content) throw new Failure('unprocessable', 'The message to send on is no longer there')
  const original = { message, content }
  const bodies = bodiesOf(original, { text: draft.text, html: draft.html, includeOriginal: true })
  const attachments = [...(await originalAttachments(app, original)), ...own]
  return { ...bodies, attachments, ...passedOn(app, original) }
}
