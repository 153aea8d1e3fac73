import { parseLooseAddrSpec } from '../../protocol/address/addr-spec.ts'
import { splitTag } from '../../protocol/address/normalize.ts'
import { parseAddress } from '../../protocol/address/parse-address.ts'
import { isMessageId } from '../../protocol/compose/message-id.ts'
import { replySubject } from '../../protocol/compose/subject.ts'
import { parseMessageId } from '../../protocol/mime/message-ids.ts'
import { ParseError } from '../../protocol/parse-error.ts'
import { type Caller, demand } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { Failure } from '../errors.ts'
import { canonicalOrNone } from '../mailboxes/canonical.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import { NAME_OF_OURS } from '../messages/file-inbound.ts'
import { reachMessage } from '../messages/messages.ts'
import type { MailboxAddress, Message } from '../messages/model.ts'
import { loadAttachments } from './attachments.ts'
import { checkRequest } from './check-request.ts'
import { checkDraft, type FoundRecipients, type SendRequest } from './draft.ts'
import type { Enqueued } from './enqueue-command.ts'
import { oneLine, plainName } from './foreign-text.ts'
import { once } from './once.ts'
import { submit } from './submit.ts'

/** References beyond this lose their middle: the first tells the conversation, the last tell the place (RFC 5322 §3.6.4). */
const MAX_REFERENCES = 50

/** An answer. Recipients given replace the sender of the original; with `all` they are added to everybody it went to. */
export interface ReplyRequest extends Omit<SendRequest, 'subject'> {
  all: boolean
}

/** Answers a message in its thread. */
export async function replyToMessage(
  app: App,
  caller: Caller,
  mailboxId: string,
  messageId: string,
  request: ReplyRequest,
  idempotencyKey: string | null = null,
  gone?: AbortSignal,
): Promise<Enqueued> {
  checkRequest(request, idempotencyKey)
  demand(caller, 'message_send')
  const { mailbox, message: original } = await reachMessage(app, caller, mailboxId, messageId)
  const subject = replySubject(oneLine(original.subject))
  const cc = request.all ? request.cc.filter((text) => !isOwn(parseAddress(text), mailbox)) : request.cc
  const found = recipientsOf(original, mailbox, request)
  const lists = [found.to, found.cc, request.to, request.cc, request.bcc]
  if (lists.every((list) => list.length === 0)) throw new Failure('unprocessable', 'Nobody is left to answer')
  const draft = checkDraft({ ...request, cc, subject }, [app.settings.mailDomain], found)
  return once(
    app,
    mailbox,
    idempotencyKey,
    ['reply', original.id, request],
    async (id) => {
      const attachments = await loadAttachments(app, request.attachments)
      const ancestry = { ...(await ancestryOf(app, original)), joins: original.threadId }
      return submit(app, mailbox, {
        id,
        draft,
        attachments,
        idempotencyKey,
        trackOpens: request.trackOpens,
        ...ancestry,
      })
    },
    gone && { caller, gone },
  )
}

/** Those that the original names, beside the ones in the request. */
export function recipientsOf(
  original: Message,
  mailbox: Mailbox,
  request: Pick<ReplyRequest, 'all' | 'to'>,
): FoundRecipients {
  const own = (a: MailboxAddress) => isOwn(a, mailbox)
  const sender = original.direction === 'outbound' ? original.to : senderOf(original)
  const to = request.to.length > 0 ? [] : usable(request.all ? everybody(original, sender, own) : sender)
  const cc = request.all ? usable(original.cc.filter((a) => !own(a))) : []
  return { to, cc }
}

function senderOf(original: Message): MailboxAddress[] {
  return original.replyTo.length > 0 ? original.replyTo : original.from
}

function everybody(original: Message, sender: MailboxAddress[], own: (a: MailboxAddress) => boolean): MailboxAddress[] {
  const all = original.direction === 'outbound' ? original.to : [...sender, ...original.to]
  return all.filter((a) => !own(a))
}

/** True for the mailbox's own address in any case and with any `+tag`. */
export function isOwn({ address }: MailboxAddress, mailbox: Mailbox): boolean {
  const canonical = canonicalOrNone(address)
  if (!canonical) return false
  if (canonical === mailbox.address) return true
  const at = canonical.lastIndexOf('@')
  return splitTag(canonical.slice(0, at)).base + canonical.slice(at) === mailbox.address
}

// What a stranger wrote into their header fields may break rules that their own server does not mind (`c..d@example.com`), or be no
// address at all; such recipients are passed over, and so are address literals: we write to no bare IP address.
function usable(addresses: readonly MailboxAddress[]): MailboxAddress[] {
  return addresses.flatMap(({ name, address }) => {
    const spec = addrSpecOrNull(address)
    return spec === null || spec.domain.startsWith('[') ? [] : [{ name: plainName(name), address: spec.address }]
  })
}

function addrSpecOrNull(address: string) {
  try {
    return parseLooseAddrSpec(address)
  } catch (error) {
    if (error instanceof ParseError) return null
    throw error
  }
}

/** Where an answer to a message stands in the conversation. */
export async function ancestryOf(
  app: App,
  original: Message,
): Promise<{ inReplyTo: string | null; references: string[] }> {
  const parent = await parentIdOf(app, original)
  return { inReplyTo: parent, references: ancestors(original, parent) }
}

/** The Message-ID that the sender knows their mail by. The one we keep it under may be ours: then theirs is in the field. */
async function parentIdOf(app: App, original: Message): Promise<string | null> {
  const theirs = original.messageId.startsWith(NAME_OF_OURS) ? await fieldOf(app, original) : original.messageId
  return theirs !== null && isMessageId(theirs) ? theirs : null
}

async function fieldOf(app: App, { id, messageId }: Message): Promise<string | null> {
  const content = await app.store.read.messages.content(id)
  const field = content?.headers.find(({ name }) => name.toLowerCase() === 'message-id')
  return field ? parseMessageId(field.value) : messageId
}

function ancestors(original: Message, parent: string | null): string[] {
  const known = original.references.filter((id) => id !== parent)
  const chain = [...known, ...(parent === null ? [] : [parent])].filter(isMessageId)
  const [first = ''] = chain
  return chain.length <= MAX_REFERENCES ? chain : [first, ...chain.slice(1 - MAX_REFERENCES)]
}
