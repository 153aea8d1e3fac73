import { completeMessage } from '../../protocol/compose/complete-message.ts'
import { newMessageId } from '../../protocol/compose/message-id.ts'
import { parseAddressList } from '../../protocol/mime/address-list.ts'
import { decodeRawHeader } from '../../protocol/mime/charset.ts'
import { allFields, readHead, unfold } from '../../protocol/mime/header-fields.ts'
import { ParseError } from '../../protocol/parse-error.ts'
import type { App } from '../app.ts'
import { signAs } from '../domains/dkim-keys/sign.ts'
import { refuseUnverified } from '../domains/sending-domain.ts'
import { Failure } from '../errors.ts'
import { type MessageId, newId, type PartId } from '../ids.ts'
import { refuseListed } from '../lists/judge.ts'
import { canonicalOrNone } from '../mailboxes/canonical.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import { resolveRecipient } from '../mailboxes/resolve-recipient.ts'
import { refuseLoop } from '../messages/hops.ts'
import { sentFlags } from '../messages/model.ts'
import type { ParsedMail } from '../messages/parser.ts'
import { canonicalOf } from '../suppressions/check.ts'
import type { Enqueued, NewOutbound } from './enqueue-command.ts'
import { isOurField } from './header-rules.ts'
import { domainOf, type Kept, keepAndQueue } from './submit.ts'

/** A whole message that somebody else composed, and who is to get it. */
export interface RawSubmission {
  raw: Buffer
  recipients: string[]
}

/** True for the address of the mailbox in any spelling: all that it may send as. */
export function isOwnAddress(mailbox: Mailbox, text: string): boolean {
  return canonicalOrNone(text) === mailbox.address
}

/** Refuses a recipient that we stopped writing to, or that is nobody here, before the message comes. */
export async function checkRecipient(app: App, mailbox: Mailbox, recipient: string): Promise<void> {
  const domain = domainOf(recipient)
  if (domain.startsWith('[')) throw new Failure('rejected', 'We write to no bare IP address')
  const [held] = await app.store.read.suppressions.among(mailbox.orgId, [canonicalOf(recipient)])
  if (held) throw new Failure('rejected', `${recipient} is suppressed: ${held.reason}`)
  await refuseListed(app.store.read.lists, mailbox, [recipient])
  if (await app.store.read.domains.isLocal(domain)) await resolveRecipient(app, recipient)
}

/** Completes, signs, keeps and queues a message as it was written. When it resolves, the message will be sent; else nothing was queued. */
export async function submitRaw(app: App, mailbox: Mailbox, { raw, recipients }: RawSubmission): Promise<Enqueued> {
  await refuseUnverified(app, mailbox)
  refuseLoop(raw)
  const messageId = newMessageId(mailbox.domain)
  const complete = completed(raw, { host: app.settings.mailHost, date: app.clock.now(), messageId })
  refuseOtherAuthors(complete, mailbox)
  const signed = await signAs(app, mailbox, complete)
  return keepAndQueue(app, signed, (parsed, kept) => {
    const named = { ...kept, messageId: parsed.messageId ?? messageId }
    return toOutbound(app, mailbox, { parsed, kept: named, recipients })
  })
}

function completed(raw: Buffer, completion: Parameters<typeof completeMessage>[1]): Buffer {
  try {
    return completeMessage(raw, completion)
  } catch (cause) {
    if (!(cause instanceof ParseError)) throw cause
    throw new Failure('invalid', cause.message, { cause })
  }
}

// Also of Sender, which some readers show in the place of From.
function refuseOtherAuthors(message: Buffer, mailbox: Mailbox): void {
  const { fields } = readHead(message)
  const [from, sender] = [allFields(fields, 'From'), allFields(fields, 'Sender')]
  if (from.length !== 1) throw new Failure('forbidden', `The message needs one From field, with ${mailbox.address}`)
  for (const { name, value } of [...from, ...sender]) {
    const { mailboxes } = parseAddressList(decodeRawHeader(unfold(value)), 2)
    const [author, ...others] = mailboxes
    if (author && others.length === 0 && isOwnAddress(mailbox, author.address)) continue
    throw new Failure('forbidden', `${name} must hold ${mailbox.address} and nobody else`)
  }
}

interface Submitted {
  parsed: ParsedMail
  kept: Kept
  recipients: readonly string[]
}

function toOutbound(app: App, mailbox: Mailbox, { parsed, kept, recipients }: Submitted): NewOutbound {
  const { sendsPerMinute, orgSendsPerMinute, threadSendsPerHour } = app.settings
  const { text, html, extractedText, extractedHtml, defects } = parsed
  const headers = parsed.headers.filter(({ name }) => !isOurField(name))
  return {
    message: { ...toMessage(mailbox, parsed, recipients), ...kept },
    content: {
      ...{ text, html, extractedText, extractedHtml, headers, envelope: null, authentication: null, defects },
      ...{ codes: [], links: [], risk: null },
    },
    joins: 'ancestors',
    mailFrom: mailbox.address,
    recipients: recipients.map((address) => ({ address, domain: domainOf(address) })),
    idempotencyKey: null,
    pace: { sendsPerMinute, orgSendsPerMinute, threadSendsPerHour },
  }
}

type Unkept = Omit<NewOutbound['message'], keyof Kept>

function toMessage(mailbox: Mailbox, parsed: ParsedMail, recipients: readonly string[]): Unkept {
  const { from, to, cc, replyTo, subject, preview, references } = parsed
  const shown = new Set([...to, ...cc].map(({ address }) => canonicalOrNone(address)))
  const hidden = recipients.filter((address) => !shown.has(canonicalOrNone(address)))
  return {
    id: newId<MessageId>(),
    orgId: mailbox.orgId,
    mailboxId: mailbox.id,
    direction: 'outbound',
    source: 'submission',
    status: 'queued',
    ...{ from, to, cc, replyTo, subject, preview, references },
    bcc: hidden.map((address) => ({ name: null, address })),
    inReplyTo: parsed.inReplyTo[0] ?? null,
    sentAt: parsed.sentAt,
    ...sentFlags,
    labels: [],
    attachments: parsed.attachments.map((part) => ({ ...part, id: newId<PartId>() })),
  }
}
