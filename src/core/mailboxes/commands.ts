import { checkProject } from '../accounts/check-project.ts'
import { Failure, invalid, notFound } from '../errors.ts'
import { type DomainId, type MailboxId, newId, type OrgId, type ProjectId } from '../ids.ts'
import type { Tx } from '../store.ts'
import { forgetMailbox } from '../webhooks/commands.ts'
import { type MetadataChange, mergeMetadata } from './metadata.ts'
import { type AddressKind, type Mailbox, type MailboxPolicy, openPolicy } from './model.ts'

export interface NewMailbox {
  /** Chosen by the maker; drawn when absent. */
  id?: MailboxId
  orgId: OrgId
  projectId: ProjectId
  localPart: string
  domain: string
  /** The domain that was found to be usable: it must still be there. */
  domainId?: DomainId
  displayName: string | null
  clientId: string | null
  metadata?: Mailbox['metadata']
  policy?: Mailbox['policy']
  expiresAt?: number | null
  createdBy?: string | null
  enabled?: boolean
  /** What leads to it; `primary` when absent. */
  addressKind?: AddressKind
  /** The operator's own does not count against the limit. */
  unlimited?: boolean
  /** The same `clientId` answers the mailbox that is there, whatever its address. */
  anyTwin?: boolean
}

/**
 * Makes a mailbox that takes mail from now on. The same `clientId` with the same address answers the mailbox that is there.
 * Counts are checked under the organization's lock: two parallel calls never pass a limit together.
 */
export async function createMailbox(tx: Tx, input: NewMailbox): Promise<{ mailbox: Mailbox; created: boolean }> {
  await tx.accounts.lockOrganization(input.orgId)
  const twin = input.clientId === null ? undefined : await tx.mailboxes.byClientId(input.orgId, input.clientId)
  if (twin) {
    const same = twin.localPart === input.localPart && twin.domain === input.domain
    if (same || input.anyTwin) return { mailbox: twin, created: false }
    throw new Failure('conflict', 'This client_id belongs to another mailbox')
  }
  await checkProject(tx, input)
  await checkDomain(tx, input)
  if (!input.unlimited) await checkLimit(tx, input.orgId)
  const mailbox = toMailbox(input, tx.now)
  const { id, orgId, address } = mailbox
  const inserted = await tx.mailboxes.insert(mailbox, {
    address,
    mailboxId: id,
    orgId,
    kind: input.addressKind ?? 'primary',
    createdAt: tx.now,
  })
  if (inserted === 'address_taken') throw new Failure('taken', 'This address is taken')
  if (inserted === 'id_taken') throw new Failure('conflict', 'This id is taken')
  await tx.events.append(eventOf(mailbox, 'mailbox.created'))
  return { mailbox, created: true }
}

async function checkDomain(tx: Tx, { orgId, domain, domainId }: NewMailbox): Promise<void> {
  if (domainId === undefined) return
  const found = await tx.domains.usable(orgId, domain)
  if (found?.id !== domainId) throw invalid('domain', 'is not a domain of this organization')
}

async function checkLimit(tx: Tx, orgId: OrgId): Promise<void> {
  const organization = await tx.accounts.organization(orgId)
  if (!organization) throw notFound('organization')
  const limit = organization.mailboxLimit
  if (limit !== null && (await tx.accounts.usage(orgId)).mailboxes >= limit) {
    throw new Failure('limit_reached', `The limit of ${limit} mailboxes is reached`)
  }
}

function toMailbox(
  { domainId: _, unlimited: __, anyTwin: ___, addressKind: ____, ...input }: NewMailbox,
  now: number,
): Mailbox {
  return {
    ...input,
    metadata: input.metadata ?? {},
    policy: input.policy ?? openPolicy,
    expiresAt: input.expiresAt ?? null,
    createdBy: input.createdBy ?? null,
    id: input.id ?? newId<MailboxId>(),
    address: `${input.localPart}@${input.domain}`,
    enabled: input.enabled ?? true,
    messageCount: 0,
    threadCount: 0,
    sizeBytes: 0,
    createdAt: now,
    updatedAt: now,
  }
}

/** What can be changed about a mailbox; what is absent stays. */
export type MailboxChange = Partial<Pick<Mailbox, 'displayName' | 'enabled' | 'metadata' | 'expiresAt'>> & {
  policy?: Partial<MailboxPolicy>
  /** Changes some of the notes, or with null removes all. */
  mergeMetadata?: MetadataChange | null
}

/** Changes what is given and leaves the rest. */
export async function updateMailbox(
  tx: Tx,
  input: { orgId: OrgId; id: MailboxId; change: MailboxChange },
): Promise<Mailbox> {
  const mailbox = await tx.mailboxes.get(input.orgId, input.id)
  if (!mailbox) throw notFound('mailbox')
  const { mergeMetadata: notes, ...fields } = input.change
  const merged = notes === undefined ? {} : { metadata: mergeMetadata(mailbox.metadata, notes) }
  const given = Object.entries({ ...fields, ...merged }).filter(([, value]) => value !== undefined)
  if (given.length === 0) return mailbox
  const policy = { ...mailbox.policy, ...input.change.policy }
  const changed: Mailbox = { ...mailbox, ...Object.fromEntries(given), policy, updatedAt: tx.now }
  await tx.mailboxes.update(changed)
  return changed
}

/** From this commit on the mailbox is nowhere to be seen and its address is free; its contents follow in the purge. */
export async function deleteMailbox(
  tx: Tx,
  input: { orgId: OrgId; id: MailboxId; unlessUnhandled?: boolean },
): Promise<void> {
  const mailbox = await tx.mailboxes.get(input.orgId, input.id)
  if (!mailbox) throw notFound('mailbox')
  if (input.unlessUnhandled) await refuseUnhandled(tx, mailbox.id)
  await removeMailbox(tx, mailbox)
}

/** Deletes a mailbox whose time is over, if nobody did that before. */
export async function expireMailbox(tx: Tx, input: { orgId: OrgId; id: MailboxId }): Promise<void> {
  const mailbox = await tx.mailboxes.takeExpired(input.orgId, input.id)
  if (mailbox) await removeMailbox(tx, mailbox)
}

async function removeMailbox(tx: Tx, mailbox: Mailbox): Promise<void> {
  await tx.mailboxes.markDeleted(mailbox.id, tx.now)
  await tx.accounts.deleteKeysOfMailbox(mailbox.id)
  await tx.outbound.cancelOfMailbox(mailbox.id, tx.now)
  await tx.submission.delete(mailbox.id)
  await forgetMailbox(tx, mailbox.orgId, mailbox.id)
  await tx.imapSources.deleteOfMailbox(mailbox.id)
  await tx.jobs.add({ kind: 'purge-mailbox', mailboxId: mailbox.id }, tx.now)
  await tx.events.append(eventOf(mailbox, 'mailbox.deleted'))
}

// Under the mailbox's row: a mail that comes meanwhile is counted here, or finds no mailbox.
async function refuseUnhandled(tx: Tx, id: MailboxId): Promise<void> {
  const waiting = (await tx.messages.tally([id], tx.now)).get(id)?.unhandled ?? 0
  if (waiting > 0) throw new Failure('in_use', `The mailbox has ${waiting} unhandled messages`)
}

/** One bite of the purge, small enough to share the store with others; the blobs go by a job of their own. */
export async function purgeMailbox(tx: Tx, input: { id: MailboxId; limit: number }): Promise<{ done: boolean }> {
  const { blobs, done } = await tx.mailboxes.purge(input.id, input.limit)
  if (blobs.length > 0) await tx.jobs.add({ kind: 'delete-blobs', keys: blobs }, tx.now)
  return { done }
}

function eventOf(mailbox: Mailbox, type: 'mailbox.created' | 'mailbox.deleted') {
  const payload = { address: mailbox.address, projectId: mailbox.projectId }
  return { orgId: mailbox.orgId, mailboxId: mailbox.id, threadId: null, messageId: null, type, payload }
}
