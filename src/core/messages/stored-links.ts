import { createHmac } from 'node:crypto'
import { decodePart } from '../../protocol/mime/decode-part.ts'
import type { Caller } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { Failure, notFound } from '../errors.ts'
import type { MailboxId, MessageId } from '../ids.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import { isExpired } from '../mailboxes/policy.ts'
import { sameBytes } from '../secrets.ts'
import { findMessage } from './messages.ts'
import type { Message, Part } from './model.ts'
import { partName } from './part-name.ts'

/** Which key signed; a later one would come beside it. */
const KEY_ID = '1'

/** What a signed link carries. */
export interface StoredLink {
  storageKey: string
  exp: string
  kid: string
  sig: string
}

/** Where a part lies, as its owner may know it: below scope and project. */
function storageKeyOf({ orgId, projectId, id }: Mailbox, message: Message, part: Part): string {
  return `inbox/${orgId}/${projectId}/${id}/${message.id}/${part.id}`
}

/** A link to a part that needs no key. Made of nothing but its text, so a list may hold thousands. */
export function signStoredLink(
  app: App,
  mailbox: Mailbox,
  message: Message,
  part: Part,
  expirySeconds: number,
): { url: string; expiresAt: number } {
  const exp = Math.floor(app.clock.now() / 1000) + expirySeconds
  const storageKey = storageKeyOf(mailbox, message, part)
  const query = new URLSearchParams({ exp: String(exp), kid: KEY_ID, sig: sign(app, storageKey, String(exp)) })
  return { url: `${app.settings.publicUrl}/files/${storageKey}?${query}`, expiresAt: exp * 1000 }
}

/** A link to one part of a message that the caller may read. */
export async function linkStoredPart(
  app: App,
  caller: Caller,
  [mailboxId, messageId, partId]: readonly [mailbox: string, message: string, part: string],
  expirySeconds: number,
): Promise<{ url: string; expiresAt: number }> {
  const { mailbox, message } = await findMessage(app, caller, mailboxId, messageId)
  const part = message.attachments.find(({ id }) => id === partId)
  if (!part) throw notFound('attachment')
  return signStoredLink(app, mailbox, message, part, expirySeconds)
}

function sign(app: App, storageKey: string, exp: string): string {
  const key = app.secrets.derive(`stored links ${KEY_ID}`)
  return createHmac('sha256', key).update(`GET\n${storageKey}\n${exp}`).digest('base64url')
}

/** The part a link leads to: `link_invalid` when it was altered, `link_expired`, or `not_found` when its message is gone. */
export async function openStoredLink(app: App, link: StoredLink): Promise<{ part: Part; content: Buffer }> {
  const { storageKey, exp, kid, sig } = link
  const genuine = kid === KEY_ID && sameBytes(Buffer.from(sign(app, storageKey, exp)), Buffer.from(sig))
  if (!genuine) throw new Failure('link_invalid', 'This link is not valid')
  if (Number(exp) * 1000 <= app.clock.now()) throw new Failure('link_expired', 'This link has expired')
  const found = await findPart(app, storageKey.split('/'))
  const raw = found && (await app.blobs.get(found.blobKey))
  if (!raw) throw notFound('file')
  const { offset, length, encoding } = found.part
  return {
    part: found.part,
    content: decodePart(raw, { offset, length, encoding } as Parameters<typeof decodePart>[1]),
  }
}

async function findPart(app: App, [, orgId, , mailboxId, messageId, partId]: string[]) {
  const { mailboxes, messages } = app.store.read
  const mailbox = await mailboxes.get(orgId as Mailbox['orgId'], mailboxId as MailboxId)
  const message = mailbox && (await messages.get(mailbox.id, messageId as MessageId))
  const at = message?.attachments.findIndex((one) => one.id === partId) ?? -1
  const part = message?.attachments[at]
  if (!message || !part || isExpired(mailbox, message, app.clock.now())) return undefined
  return { part: { ...part, filename: partName(part, at) }, blobKey: message.blobKey }
}
