import { createHash, randomBytes } from 'node:crypto'
import { type Reach, wholeOrganization } from '../../src/core/accounts/caller.ts'
import { hashKey } from '../../src/core/accounts/keys.ts'
import type { Organization, Project } from '../../src/core/accounts/model.ts'
import { newBlobKey } from '../../src/core/blob-key.ts'
import type { NewDraft } from '../../src/core/drafts/commands.ts'
import type { DraftAttachment } from '../../src/core/drafts/model.ts'
import { type ApiKeyId, type DraftId, type MessageId, newId, type PartId } from '../../src/core/ids.ts'
import type { NewMailbox } from '../../src/core/mailboxes/commands.ts'
import type { Mailbox } from '../../src/core/mailboxes/model.ts'
import type { ReadMail } from '../../src/core/messages/file-inbound.ts'
import type { MessageContent, Part } from '../../src/core/messages/model.ts'
import type { NewOutbound } from '../../src/core/outbound/enqueue-command.ts'
import type { Store } from '../../src/core/store.ts'

let serial = 0

/** A name that nothing else in this run has. */
export function unique(prefix: string): string {
  return `${prefix}-${++serial}-${randomBytes(3).toString('hex')}`
}

/** A new organization in the store, with its default project. */
export async function buildOrganization(
  store: Store,
  fields: Partial<{ name: string; mailboxLimit: number | null; domainLimit: number | null }> = {},
): Promise<{ organization: Organization; project: Project }> {
  const defaults = { name: unique('organization'), mailboxLimit: null, domainLimit: null }
  const organization = await store.run('accounts.create-organization', { ...defaults, ...fields })
  const project = await store.read.accounts.defaultProject(organization.id)
  if (!project) throw new Error('An organization has a default project')
  return { organization, project }
}

export type Owner = Awaited<ReturnType<typeof buildOrganization>>

/** The input for a mailbox of this organization. */
export function newMailbox(owner: Owner, fields: Partial<NewMailbox> = {}): NewMailbox {
  return {
    orgId: owner.organization.id,
    projectId: owner.project.id,
    localPart: unique('box'),
    domain: 'posthouse.test',
    displayName: null,
    clientId: null,
    ...fields,
  }
}

/** A key that opens all of the organization. */
export async function buildKey(
  store: Store,
  { orgId, projectId }: Pick<Mailbox, 'orgId' | 'projectId'>,
): Promise<{ id: ApiKeyId; text: string }> {
  const [id, text] = [newId<ApiKeyId>(), unique('inai')]
  const place = { orgId, projectId, projectOnly: false, mailboxId: null }
  const rights = { scopes: ['admin' as const], permissions: null, expiresAt: null }
  await store.run('accounts.create-key', {
    key: { id, ...place, ...rights, name: text, publicPart: text.slice(0, 8), hash: hashKey(text) },
  })
  return { id, text }
}

/** A new mailbox in the store; of a new organization when none is given. */
export async function buildMailbox(store: Store, owner?: Owner, fields: Partial<NewMailbox> = {}): Promise<Mailbox> {
  const made = await store.run('mailboxes.create', newMailbox(owner ?? (await buildOrganization(store)), fields))
  return made.mailbox
}

/** A mail as the pipeline hands it to `messages.file`. */
export function readMail(fields: Partial<ReadMail> = {}): ReadMail {
  const sha256 = createHash('sha256').update(randomBytes(16)).digest('hex')
  return {
    source: 'smtp',
    messageId: `<${unique('mail')}@example.com>`,
    from: [{ name: 'Ada Lovelace', address: 'ada@example.com' }],
    to: [{ name: null, address: 'box@posthouse.test' }],
    cc: [],
    replyTo: [],
    subject: 'Notes on the engine',
    preview: 'The engine weaves algebraic patterns',
    inReplyTo: null,
    references: [],
    sentAt: 1_750_000_000_000,
    sizeBytes: 1200,
    sha256,
    blobKey: newBlobKey(sha256),
    attachments: [],
    content: content(),
    suspicion: { spam: false, unauthenticated: false },
    envelope: { mailFrom: 'ada@example.com', helo: 'mx.example.com', remoteAddress: '192.0.2.1', tls: null },
    ...fields,
  }
}

/** What only the full view of a message shows. */
export function content(fields: Partial<MessageContent> = {}): MessageContent {
  return {
    text: 'The engine weaves algebraic patterns, as the loom weaves flowers and leaves.',
    html: null,
    extractedText: null,
    extractedHtml: null,
    headers: [{ name: 'Subject', value: 'Notes on the engine' }],
    envelope: null,
    authentication: null,
    defects: [],
    codes: [],
    links: [],
    risk: null,
    ...fields,
  }
}

/** An attachment's descriptor. */
export function newPart(fields: Partial<Part> = {}): Part {
  return {
    id: newId<PartId>(),
    filename: 'engine.pdf',
    contentType: 'application/pdf',
    disposition: 'attachment',
    contentId: null,
    sizeBytes: 300,
    sha256: createHash('sha256').update(randomBytes(16)).digest('hex'),
    offset: 400,
    length: 411,
    encoding: 'base64',
    ...fields,
  }
}

/** Files one mail in one mailbox. */
export async function fileMail(store: Store, mailbox: Mailbox, fields: Partial<ReadMail> = {}) {
  const mail = readMail(fields)
  const copies = [{ mailbox, rcptTo: [mailbox.address] }]
  const [filed] = await store.run('messages.file', { mail, copies, host: 'posthouse.test' })
  if (filed?.result !== 'stored') throw new Error(`The mail was not stored: ${filed?.result}`)
  return { mail, ...filed }
}

/** The key that these bytes are kept under; another one each time. */
export function blobKeyOf(bytes: Uint8Array): string {
  return newBlobKey(createHash('sha256').update(bytes).digest('hex'))
}

/** The input of `outbound.enqueue` for a message of this mailbox. */
export function newOutbound(
  mailbox: Mailbox,
  fields: Partial<NewOutbound> = {},
  message: Partial<NewOutbound['message']> = {},
): NewOutbound {
  const id = newId<MessageId>()
  const sha256 = createHash('sha256').update(id).digest('hex')
  return {
    message: {
      id,
      orgId: mailbox.orgId,
      mailboxId: mailbox.id,
      direction: 'outbound',
      source: 'api',
      status: 'queued',
      messageId: `<${id}@posthouse.test>`,
      from: [{ name: null, address: mailbox.address }],
      to: [{ name: null, address: 'ada@example.com' }],
      cc: [],
      bcc: [],
      replyTo: [],
      subject: 'Re: Notes on the engine',
      preview: 'Thank you',
      inReplyTo: null,
      references: [],
      sentAt: 1_750_000_000_000,
      sizeBytes: 800,
      sha256,
      blobKey: newBlobKey(sha256),
      seen: true,
      flagged: false,
      handled: false,
      handledAt: null,
      spam: false,
      blocked: false,
      unauthenticated: false,
      trashed: false,
      hasCode: false,
      hasLink: false,
      opened: false,
      labels: [],
      attachments: [],
      ...message,
    },
    content: content({ text: 'Thank you' }),
    joins: null,
    mailFrom: mailbox.address,
    recipients: [{ address: 'ada@example.com', domain: 'example.com' }],
    idempotencyKey: null,
    pace: { sendsPerMinute: 0, orgSendsPerMinute: 0, threadSendsPerHour: 0 },
    ...fields,
  }
}

/** The reach of somebody who sees a whole organization. */
export const wholeReach = wholeOrganization

/** All of one mailbox. */
export function reachInto({ orgId, id }: Mailbox): Reach {
  return { orgId, projectId: null, mailboxId: id }
}

/** The input of `drafts.create` for a draft in this mailbox. */
export function newDraft(mailbox: Mailbox, fields: Partial<NewDraft> = {}): NewDraft {
  return {
    id: newId<DraftId>(),
    orgId: mailbox.orgId,
    mailboxId: mailbox.id,
    mailboxAddress: mailbox.address,
    clientId: null,
    kind: 'plain',
    original: null,
    inReplyTo: null,
    references: [],
    threadId: null,
    to: [{ name: 'Ada Lovelace', address: 'ada@example.com' }],
    cc: [],
    bcc: [],
    replyTo: [],
    subject: 'Notes on the engine',
    preview: 'It weaves',
    text: 'It weaves',
    html: null,
    labels: [],
    attachments: [],
    sendAt: null,
    createdBy: null,
    ...fields,
  }
}

/** A file of a draft; its bytes are nowhere. */
export function draftFile(fields: Partial<DraftAttachment> = {}): DraftAttachment {
  const sha256 = createHash('sha256').update(randomBytes(16)).digest('hex')
  return {
    id: newId<PartId>(),
    filename: 'engine.pdf',
    contentType: 'application/pdf',
    disposition: 'attachment',
    contentId: null,
    sizeBytes: 300,
    sha256,
    blobKey: newBlobKey(sha256),
    ...fields,
  }
}
