import { randomUUID } from 'node:crypto'
import { parseAddress } from '../../protocol/address/parse-address.ts'
import { ParseError } from '../../protocol/parse-error.ts'
import { type Caller, demand, demandManyMailboxes, reaches } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { invalid } from '../errors.ts'
import type { MailboxId } from '../ids.ts'
import { canonicalOrNone } from '../mailboxes/canonical.ts'
import { makeForAWhile, soundsInCharge } from '../mailboxes/disposable.ts'
import { checkLocalPart } from '../mailboxes/local-part.ts'
import { NOT_USABLE } from '../mailboxes/mailboxes.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import type { MailboxAddress } from '../messages/model.ts'
import { checkRequest } from './check-request.ts'
import type { SendRequest } from './draft.ts'
import type { Enqueued } from './enqueue-command.ts'
import { sendMessage } from './send.ts'

const MAX_SUBJECT_OCTETS = 998
const MAX_TEXT_BYTES = 10 * 1024 * 1024

/** Sends a new message from an address of the caller's choice. */
export async function sendFrom(
  app: App,
  caller: Caller,
  from: string,
  asked: SendRequest,
  idempotencyKey: string | null,
): Promise<Enqueued> {
  const request = { ...asked, maxTextBytes: MAX_TEXT_BYTES }
  checkRequest(request, idempotencyKey)
  checkSizes(request)
  const mailbox = await senderMailbox(app, caller, from)
  return sendMessage(app, caller, mailbox.id, request, idempotencyKey)
}

function checkSizes({ subject, text, html }: SendRequest): void {
  if (Buffer.byteLength(subject) > MAX_SUBJECT_OCTETS) {
    throw invalid('subject', `must have at most ${MAX_SUBJECT_OCTETS} octets`)
  }
  if (Buffer.byteLength(text ?? '') + Buffer.byteLength(html ?? '') > MAX_TEXT_BYTES) {
    throw invalid(text ? 'text' : 'html', 'text and html must have at most 10 MiB together')
  }
}

/**
 * The mailbox that mail from this address leaves from. On a domain that the caller may use, one that nobody has is made: answers and
 * bounces have a place then, and a neighbour's name is never used.
 */
async function senderMailbox(app: App, caller: Caller, from: string): Promise<Mailbox> {
  const { name, address } = readSender(from)
  demand(caller, 'message_send')
  const canonical = canonicalOrNone(address) ?? address
  const at = canonical.lastIndexOf('@')
  const [localPart, domain] = [canonical.slice(0, at), canonical.slice(at + 1)]
  const usable = await app.store.read.domains.usable(caller.orgId, domain)
  if (usable?.status !== 'verified') throw invalid('from', NOT_USABLE)
  const known = await app.store.read.mailboxes.byAddress(canonical)
  if (known && reaches(caller, known) && known.address === canonical) return known
  if (known) throw invalid('from', 'is not an address of yours')
  // On the server's own domain, which all its organizations share.
  if (usable.orgId === null && soundsInCharge(localPart)) throw invalid('from', 'is reserved')
  demandManyMailboxes(caller, 'mailbox_create')
  const id = randomUUID() as MailboxId
  return makeForAWhile(app, caller, { id, localPart: checkLocalPart(localPart), domain, displayName: name })
}

function readSender(from: string): MailboxAddress {
  try {
    return parseAddress(from)
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    throw invalid('from', error.message)
  }
}
