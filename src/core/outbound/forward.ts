import type { Attachment } from '../../protocol/compose/draft.ts'
import { forwardedMessage } from '../../protocol/compose/quote.ts'
import { forwardSubject } from '../../protocol/compose/subject.ts'
import { decodePart } from '../../protocol/mime/decode-part.ts'
import { type Caller, demand } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { Failure } from '../errors.ts'
import { type FullMessage, getMessage } from '../messages/messages.ts'
import { resultsField } from '../messages/results-field.ts'
import { loadAttachments } from './attachments.ts'
import { checkRequest } from './check-request.ts'
import { checkDraft, type SendRequest } from './draft.ts'
import type { Enqueued } from './enqueue-command.ts'
import { oneLine, oneWord, typeOrNone } from './foreign-text.ts'
import { once } from './once.ts'
import { submit } from './submit.ts'

export interface ForwardRequest extends Omit<SendRequest, 'subject'> {
  /** Absent: the original's with `Fwd:`. */
  subject: string | null
  /** Puts our words above the original; otherwise words of ours take its place. */
  includeOriginal: boolean
}

/** Sends a message on to others, with its attachments, in a new thread. */
export async function forwardMessage(
  app: App,
  caller: Caller,
  mailboxId: string,
  messageId: string,
  request: ForwardRequest,
  idempotencyKey: string | null = null,
  gone?: AbortSignal,
): Promise<Enqueued> {
  checkRequest(request, idempotencyKey)
  demand(caller, 'message_send')
  const original = await getMessage(app, caller, mailboxId, messageId)
  const subject = request.subject ?? forwardSubject(oneLine(original.message.subject))
  const whole = { ...request, subject, ...bodiesOf(original, request) }
  const draft = checkDraft(whole, [app.settings.mailDomain])
  return once(
    app,
    original.mailbox,
    idempotencyKey,
    ['forward', original.message.id, request],
    async (id) => {
      const added = await loadAttachments(app, request.attachments)
      const attachments = [...(await originalAttachments(app, original)), ...added]
      const ancestry = { inReplyTo: null, references: [], joins: null }
      return submit(app, original.mailbox, {
        ...{ id, draft, attachments, idempotencyKey, trackOpens: request.trackOpens },
        ...ancestry,
        ...passedOn(app, original),
      })
    },
    gone && { caller, gone },
  )
}

type Original = Pick<FullMessage, 'message' | 'content'>

/** Who receives a forward may believe the original for what we saw of it; a mail of our own has nothing to tell. */
export function passedOn(app: App, { content: { authentication, envelope } }: Original): { passesOn?: string } {
  if (!authentication || !envelope) return {}
  return { passesOn: resultsField(app.settings.mailHost, envelope, authentication).value }
}

/** What a forwarded message says. */
export function bodiesOf(
  original: Original,
  request: Pick<ForwardRequest, 'text' | 'html' | 'includeOriginal'>,
): Bodies {
  const { text, html } = request
  if ((text !== null || html !== null) && !request.includeOriginal) return { text, html }
  const { message, content } = original
  const quoted = forwardedMessage({
    from: message.from[0] ?? null,
    date: message.sentAt ?? message.at,
    subject: message.subject ?? '',
    to: message.to,
    cc: message.cc,
    text: content.text,
    html: content.html,
  })
  return above({ text, html }, quoted)
}

type Bodies = Pick<SendRequest, 'text' | 'html'>

// A note goes into every form that the original has, so that no reader misses it.
function above(note: Bodies, quoted: Bodies): Bodies {
  const noteHtml = note.html ?? (note.text === null ? '' : `<p>${escapeHtml(note.text)}</p>`)
  const quotedHtml = quoted.html ?? (note.html === null ? null : `<p>${escapeHtml(quoted.text ?? '')}</p>`)
  const texts = [note.text, quoted.text].filter((text) => text !== null)
  return {
    text: note.text === null && quoted.text === null ? null : texts.join('\r\n\r\n'),
    html: quotedHtml === null ? null : `${noteHtml}${quotedHtml}`,
  }
}

function escapeHtml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/\r?\n/g, '<br>')
}

/** The files of a message, to go with it. */
export async function originalAttachments(app: App, { message }: Original): Promise<Attachment[]> {
  if (message.attachments.length === 0) return []
  const raw = await app.blobs.get(message.blobKey)
  if (!raw) throw new Failure('unprocessable', 'The raw content of this message is no longer kept')
  return message.attachments.map((part) => ({
    filename: part.filename?.toWellFormed() ?? null,
    contentType: typeOrNone(part.contentType) ?? 'application/octet-stream',
    disposition: part.disposition ?? 'attachment',
    contentId: oneWord(part.contentId),
    content: decodePart(raw, part as Parameters<typeof decodePart>[1]),
  }))
}
