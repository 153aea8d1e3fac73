import { decodePart } from '../../protocol/mime/decode-part.ts'
import type { Caller } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { Failure, notFound } from '../errors.ts'
import type { MessageId, OrgId, PartId } from '../ids.ts'
import { isExpired } from '../mailboxes/policy.ts'
import { authenticate, sameBytes } from '../secrets.ts'
import { findMessage } from './messages.ts'
import type { Message, Part } from './model.ts'
import { partName } from './part-name.ts'

const LINK_MS = 3_600_000

/** Where the bytes of a file are for an hour. */
export interface FileLink {
  url: string
  expiresAt: number
}

export interface AttachmentLink extends FileLink {
  part: Part
}

/** A link to the bytes of a part that needs no key, lives an hour, and breaks when anything in it is altered. */
export async function linkAttachment(
  app: App,
  caller: Caller,
  mailbox: string,
  message: string,
  partId: string,
): Promise<AttachmentLink> {
  const found = await findMessage(app, caller, mailbox, message)
  const part = found.message.attachments.find((a) => a.id === partId)
  if (!part) throw notFound('attachment')
  return { part, ...linkFile(app, caller.orgId, part) }
}

/** The bytes of an attachment, by its place among those of its message. */
export async function downloadAttachment(
  app: App,
  caller: Caller,
  mailbox: string,
  message: string,
  index: number,
): Promise<{ part: Part; filename: string; content: Buffer }> {
  const found = await findMessage(app, caller, mailbox, message)
  const part = found.message.attachments[index]
  if (!part) throw notFound('attachment')
  const raw = await app.blobs.get(found.message.blobKey)
  if (!raw) throw notFound('attachment')
  return { part, filename: partName(part, index), content: decodePart(raw, toRange(part)) }
}

/** The same for any file that the caller was found to see. */
export function linkFile(app: App, orgId: OrgId, part: Claim['part']): FileLink {
  const expiresAt = app.clock.now() + LINK_MS
  const token = signToken(app, { orgId, part, expiresAt })
  return { expiresAt, url: `${app.settings.publicUrl}/files/${token}` }
}

/** The same for the bytes of a whole message. */
export async function linkRaw(
  app: App,
  caller: Caller,
  mailbox: string,
  id: string,
): Promise<FileLink & { message: Message }> {
  const { message } = await findMessage(app, caller, mailbox, id)
  return { message, ...linkFile(app, caller.orgId, rawFile(message.id)) }
}

function rawFile(id: MessageId): Claim['part'] {
  return { id: id as string as PartId, filename: `${id}.eml`, contentType: 'message/rfc822' }
}

interface Claim {
  orgId: OrgId
  part: Pick<Part, 'id' | 'filename' | 'contentType'>
  expiresAt: number
}

// The token carries what it vouches for, name and type as a hash: so it can be told from an altered one before anything is looked
// up, and a file that is gone from a link that was never given.
function signToken(app: App, { orgId, part, expiresAt }: Claim): string {
  const body = [orgId, part.id, expiresAt.toString(36), faceOf(app, part)]
  return [...body, macOf(app, body)].join('.')
}

function macOf(app: App, body: readonly string[]): string {
  return authenticate(app.secrets.derive('attachment links'), body).toString('base64url')
}

function faceOf(app: App, { filename, contentType }: Claim['part']): string {
  const key = app.secrets.derive('attachment names')
  return authenticate(key, [filename ?? '', contentType])
    .subarray(0, 12)
    .toString('base64url')
}

/** What a link leads to. */
export interface LinkedFile {
  part: Claim['part']
  content: Buffer
}

/** The file a link leads to: `link_invalid` when it was altered, `link_expired`, or `not_found` when its message or draft is gone. */
export async function openLink(app: App, token: string): Promise<LinkedFile> {
  const body = token.split('.')
  const mac = body.pop() ?? ''
  const [orgId = '', partId = '', expiry = '', face] = body
  // Compared as texts: base64url has several spellings for the last bits, and an altered link is an altered link.
  if (body.length !== 4 || !sameBytes(Buffer.from(macOf(app, body)), Buffer.from(mac))) throw broken()
  if (Number.parseInt(expiry, 36) <= app.clock.now()) throw new Failure('link_expired', 'This link has expired')
  const found = await fileOf(app, orgId as OrgId, partId as PartId)
  if (!found) throw notFound('file')
  if (faceOf(app, found.part) !== face) throw broken()
  const raw = await app.blobs.get(found.blobKey)
  if (!raw) throw notFound('file')
  return { part: found.part, content: found.range ? decodePart(raw, found.range) : raw }
}

/** The blob of a part of a message, and where in it; or that of a file of a draft, or of a whole message, which is all of it. */
async function fileOf(app: App, orgId: OrgId, id: PartId) {
  const { messages, drafts } = app.store.read
  const found = await messages.part(orgId, id)
  if (found && isExpired(found.mailbox, found, app.clock.now())) return undefined
  if (found) return { ...found, range: toRange(found.part) }
  const file = await drafts.attachment(orgId, id)
  if (file) return { part: file, blobKey: file.blobKey, range: null }
  const blobKey = await rawBlob(app, orgId, id as string as MessageId)
  return blobKey && { part: rawFile(id as string as MessageId), blobKey, range: null }
}

async function rawBlob(app: App, orgId: OrgId, id: MessageId): Promise<string | undefined> {
  const [message] = await app.store.read.messages.withIds([id])
  if (message?.orgId !== orgId) return undefined
  const mailbox = await app.store.read.mailboxes.get(orgId, message.mailboxId)
  return mailbox && !isExpired(mailbox, message, app.clock.now()) ? message.blobKey : undefined
}

function toRange(part: Part) {
  return { offset: part.offset, length: part.length, encoding: part.encoding } as Parameters<typeof decodePart>[1]
}

function broken(): Failure {
  return new Failure('link_invalid', 'This link is not valid')
}
