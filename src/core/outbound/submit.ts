import { createHash } from 'node:crypto'
import { composeMessage } from '../../protocol/compose/compose-message.ts'
import type { Attachment, Draft } from '../../protocol/compose/draft.ts'
import { newMessageId } from '../../protocol/compose/message-id.ts'
import { appendImage, removeImage } from '../../protocol/html/append-image.ts'
import { ParseError } from '../../protocol/parse-error.ts'
import { htmlToText } from '../../protocol/reading/html-text.ts'
import type { App } from '../app.ts'
import { newBlobKey } from '../blob-key.ts'
import { sealAs, signAs } from '../domains/dkim-keys/sign.ts'
import { refuseUntracked, refuseUnverified } from '../domains/sending-domain.ts'
import type { SentDraft } from '../drafts/commands.ts'
import { Failure, isCertain } from '../errors.ts'
import { type MessageId, newId, type PartId, type ThreadId } from '../ids.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import { type Message, type MessageContent, sentFlags } from '../messages/model.ts'
import { pictureOf } from '../messages/opens.ts'
import type { ParsedMail } from '../messages/parser.ts'
import type { CheckedDraft } from './draft.ts'
import type { Enqueued, NewOutbound } from './enqueue-command.ts'

/** A message about to be composed, whatever it came from: a send, a reply, a forward. */
export interface Composition {
  draft: CheckedDraft
  attachments: Attachment[]
  /** Message-ID of what is answered. */
  inReplyTo: string | null
  references: string[]
  joins: ThreadId | null
  /** What we found out about the mail that this one passes on: the value of an Authentication-Results field. */
  passesOn?: string
  /** Its html holds a picture that tells when it is shown first. */
  trackOpens?: true | undefined
  idempotencyKey: string | null
  /** The id it is to have; absent, a new one. */
  id?: MessageId | undefined
  /** The draft that it was until now. */
  consumes?: SentDraft
}

/** Composes, keeps and queues a message. When it resolves, the message will be sent; when it throws, nothing was queued. */
export async function submit(app: App, mailbox: Mailbox, asked: Composition): Promise<Enqueued> {
  await refuseUnverified(app, mailbox)
  if (asked.trackOpens) await refuseUntracked(app, mailbox)
  const composition = { ...asked, id: asked.id ?? newId<MessageId>() }
  const messageId = newMessageId(mailbox.domain)
  // Signed before it is kept: what is stored, shown and captured is what leaves.
  const signed = await signAs(app, mailbox, compose(app, mailbox, composition, messageId))
  const { passesOn } = composition
  const raw = passesOn === undefined ? signed : await sealAs(app, mailbox, signed, passesOn)
  if (raw.length > app.settings.usualMessageBytes * 1.5) throw new Failure('too_large', 'The message is too large')
  return keepAndQueue(app, raw, (parsed, kept) => toOutbound(app, mailbox, composition, parsed, { ...kept, messageId }))
}

/** Keeps the bytes of a message and queues what is made of them; leaves nothing behind when it throws. */
export async function keepAndQueue(
  app: App,
  raw: Buffer,
  toOutbound: (parsed: ParsedMail, kept: Omit<Kept, 'messageId'>) => NewOutbound,
): Promise<Enqueued> {
  const sha256 = createHash('sha256').update(raw).digest('hex')
  const blobKey = newBlobKey(sha256)
  const [parsed] = await Promise.all([app.parser.parse(raw), app.blobs.put(blobKey, raw)])
  try {
    const outbound = toOutbound(parsed, { sizeBytes: raw.length, sha256, blobKey })
    const signUp = await app.store.read.signUps.get(outbound.message.orgId)
    const onTrial = signUp?.verifiedAt === null
    return await app.store.run('outbound.enqueue', { ...outbound, ...(onTrial && { onTrial }) })
  } catch (error) {
    // What may have been queued keeps its bytes; if it was not, the daily sweep takes them.
    if (isCertain(error)) await app.blobs.delete([blobKey]).catch(() => {})
    throw error
  }
}

type Named = Composition & { id: MessageId }

function compose(app: App, mailbox: Mailbox, composition: Named, messageId: string): Buffer {
  const { to, cc, replyTo, subject, text, html, headers } = composition.draft
  const picture = pictureIn(app, composition)
  return written({
    from: { name: mailbox.displayName, address: mailbox.address },
    ...{ to, cc, replyTo, subject, headers, messageId },
    html: html && picture ? appendImage(html, picture) : html,
    date: app.clock.now(),
    inReplyTo: composition.inReplyTo,
    references: composition.references,
    text: text ?? (html === null ? null : htmlToText(html)),
    attachments: composition.attachments,
  })
}

function pictureIn(app: App, { id, trackOpens }: Named): string | undefined {
  return trackOpens && pictureOf(app, id)
}

/** What was checked can be written; should a rule of the composer be missing from the checks, the caller still hears which. */
function written(draft: Draft): Buffer {
  try {
    return composeMessage(draft)
  } catch (cause) {
    if (!(cause instanceof ParseError)) throw cause
    throw new Failure('invalid', cause.message, { issues: [{ path: [], message: cause.message }], cause })
  }
}

function toOutbound(app: App, mailbox: Mailbox, composition: Named, parsed: ParsedMail, kept: Kept): NewOutbound {
  const { draft, joins, idempotencyKey, consumes } = composition
  const recipients = [...draft.to, ...draft.cc, ...draft.bcc].map(({ address }) => ({
    address,
    domain: domainOf(address),
  }))
  const { sendsPerMinute, orgSendsPerMinute, threadSendsPerHour } = app.settings
  return {
    message: { ...toMessage(mailbox, composition, parsed), ...kept, sentAt: app.clock.now() },
    content: toContent(draft, parsed, pictureIn(app, composition)),
    mailFrom: mailbox.address,
    ...{ joins, recipients, idempotencyKey },
    pace: { sendsPerMinute, orgSendsPerMinute, threadSendsPerHour },
    ...(consumes && { consumes }),
  }
}

type Drafted = Omit<Message, 'threadId' | 'at' | 'createdAt' | 'updatedAt' | 'sentAt' | keyof Kept>
export type Kept = Pick<Message, 'messageId' | 'sizeBytes' | 'sha256' | 'blobKey'>

function toMessage(mailbox: Mailbox, composition: Named, parsed: ParsedMail): Drafted {
  const { id, draft, inReplyTo, references } = composition
  const { to, cc, bcc, replyTo, labels } = draft
  return {
    id,
    orgId: mailbox.orgId,
    mailboxId: mailbox.id,
    direction: 'outbound',
    source: 'api',
    status: 'queued',
    from: [{ name: mailbox.displayName, address: mailbox.address }],
    ...{ to, cc, bcc, replyTo, labels, inReplyTo, references },
    subject: draft.subject === '' ? null : draft.subject,
    preview: parsed.preview,
    ...sentFlags,
    attachments: parsed.attachments.map((part) => ({ ...part, id: newId<PartId>() })),
  }
}

// The picture is for those who receive it: whoever reads what they sent does not open it.
function toContent(draft: CheckedDraft, parsed: ParsedMail, picture: string | undefined): MessageContent {
  const { extractedHtml } = parsed
  return {
    text: draft.text,
    html: draft.html,
    extractedText: parsed.extractedText,
    extractedHtml: picture && extractedHtml ? removeImage(extractedHtml, picture) : extractedHtml,
    headers: draft.headers,
    envelope: null,
    authentication: null,
    defects: [],
    codes: [],
    links: [],
    risk: null,
  }
}

export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1)
}
