import { decodePart } from '../../protocol/mime/decode-part.ts'
import type { Caller } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { Failure, notFound } from '../errors.ts'
import { isUuid, type OrgId, type PartId } from '../ids.ts'
import { authenticate, sameBytes } from '../secrets.ts'
import { findMessage } from './messages.ts'
import type { Part } from './model.ts'

const LINK_MS = 3_600_000

export interface AttachmentLink {
  part: Part
  url: string
  expiresAt: number
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
  const expiresAt = app.clock.now() + LINK_MS
  const token = signToken(app, { orgId: caller.orgId, part, expiresAt })
  return { part, expiresAt, url: `${app.settings.publicUrl}/files/${token}` }
}

interface Claim {
  orgId: OrgId
  part: Pick<Part, 'id' | 'filename' | 'contentType'>
  expiresAt: number
}

// The token carries what it vouches for; organization, name and type are in the MAC, so none of them can be moved to another file.
function signToken(app: App, claim: Claim): string {
  const body = [claim.orgId, claim.part.id, claim.expiresAt.toString(36)].join('.')
  return `${body}.${macOf(app, claim).toString('base64url')}`
}

function macOf(app: App, { orgId, part, expiresAt }: Claim): Buffer {
  const parts = [orgId, part.id, String(expiresAt), part.filename ?? '', part.contentType]
  return authenticate(app.secrets.derive('attachment links'), parts)
}

/** The part a link leads to: `link_invalid` when it was altered, `link_expired`, or `not_found` when its message is gone. */
export async function openLink(app: App, token: string): Promise<{ part: Part; content: Buffer }> {
  const [orgId, partId, expiry, mac, ...rest] = token.split('.')
  if (!orgId || !partId || !expiry || !mac || rest.length > 0) throw broken()
  const expiresAt = Number.parseInt(expiry, 36)
  if (!isUuid(orgId) || !isUuid(partId) || expiresAt.toString(36) !== expiry) throw broken()
  const found = await app.store.read.messages.part(orgId as OrgId, partId as PartId)
  if (!found) throw notFound('file')
  const wanted = macOf(app, { orgId: orgId as OrgId, part: found.part, expiresAt })
  const given = Buffer.from(mac, 'base64url')
  // The text too: base64url has several spellings for the last bits, and an altered link is an altered link.
  if (!sameBytes(wanted, given) || given.toString('base64url') !== mac) throw broken()
  if (expiresAt <= app.clock.now()) throw new Failure('link_expired', 'This link has expired')
  const raw = await app.blobs.get(found.blobKey)
  if (!raw) throw notFound('file')
  return { part: found.part, content: decodePart(raw, toRange(found.part)) }
}

function toRange(part: Part) {
  return { offset: part.offset, length: part.length, encoding: part.encoding } as Parameters<typeof decodePart>[1]
}

function broken(): Failure {
  return new Failure('link_invalid', 'This link is not valid')
}
