import { type Caller, demand, demandManyMailboxes, reaches, reachOf } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { checkClientId } from '../client-id.ts'
import type { Domain } from '../domains/model.ts'
import { Failure, invalid, notFound } from '../errors.ts'
import { isUuid, type MailboxId } from '../ids.ts'
import type { Page } from '../paging.ts'
import { canonicalOrNone } from './canonical.ts'
import type { MailboxChange } from './commands.ts'
import { checkLocalPart, randomLocalPart, toAsciiDomain } from './local-part.ts'
import { checkMetadata, type MetadataChange, mergeMetadata } from './metadata.ts'
import type { Mailbox } from './model.ts'
import type { MailboxPage } from './store.ts'

export interface CreateMailbox {
  /** Null: a random one. */
  localPart: string | null
  /** Absent: the platform's domain. */
  domain?: string | null
  displayName?: string | null
  clientId?: string | null
  metadata?: MetadataChange
  /** The same `clientId` answers the mailbox that is there, whatever else was asked for. */
  anyTwin?: boolean
}

/** Makes a mailbox; `created` is false when `clientId` led to the one that is there. */
export async function createMailbox(
  app: App,
  caller: Caller,
  input: CreateMailbox,
): Promise<{ mailbox: Mailbox; created: boolean }> {
  const localPart = input.localPart === null ? randomLocalPart() : checkLocalPart(input.localPart)
  const displayName = checkDisplayName(input.displayName)
  const clientId = checkClientId(input.clientId)
  checkMetadata(input.metadata ?? {})
  demandManyMailboxes(caller, 'mailbox_create')
  const { name: domain, id: domainId } = await usableDomain(app, caller, input.domain ?? app.settings.mailDomain)
  const made = await app.store.run('mailboxes.create', {
    orgId: caller.orgId,
    projectId: caller.projectId,
    localPart,
    domain,
    domainId,
    displayName,
    clientId,
    createdBy: caller.keyName,
    metadata: mergeMetadata({}, input.metadata ?? {}),
    anyTwin: input.anyTwin ?? false,
  })
  // Whoever may not see the twin must not learn more than that the name is in use.
  if (!reaches(caller, made.mailbox)) throw new Failure('conflict', 'This client_id belongs to another mailbox')
  return made
}

/** What is said of a domain that is not this organization's to use. */
export const NOT_USABLE = 'is not a domain of this organization'

/** A domain whose mail this caller's mailboxes may take: the name asked for, and the domain that it is or is below of. */
export async function usableDomain(app: App, caller: Caller, name: string): Promise<Pick<Domain, 'name' | 'id'>> {
  const ascii = toAsciiDomain(name)
  const domain = ascii ? await app.store.read.domains.usable(caller.orgId, ascii) : undefined
  const outside = caller.projectOnly && domain?.orgId && domain.projectId !== caller.projectId
  if (!ascii || !domain || outside) {
    if (ascii) await refuseClosed(app, caller, ascii)
    throw invalid('domain', NOT_USABLE)
  }
  if (domain.status !== 'verified') throw new Failure('domain_not_verified', 'This domain is not verified yet')
  return { name: ascii, id: domain.id }
}

// Below a domain of their own, its owner hears what is missing.
async function refuseClosed(app: App, { orgId }: Caller, name: string): Promise<void> {
  const parent = name.slice(name.indexOf('.') + 1)
  const own = parent.includes('.') ? await app.store.read.domains.own(orgId, parent) : undefined
  if (own) throw new Failure('unprocessable', `Names below ${parent} are not enabled`)
}

/** Up to 256 characters without line breaks; blank becomes null. */
export function checkDisplayName(value: string | null | undefined): string | null {
  if (value && /[\r\n\0]/.test(value)) throw invalid('display_name', 'must not hold line breaks')
  if (value && !value.isWellFormed()) throw invalid('display_name', 'must be valid Unicode')
  const name = value?.trim() ?? ''
  if ([...name].length > 256) throw invalid('display_name', 'must have at most 256 characters')
  return name === '' ? null : name
}

/** A mailbox of the caller by id or by its address in any case; anything else is not found. */
export async function findMailbox(app: App, caller: Caller, idOrAddress: string): Promise<Mailbox> {
  demand(caller, 'mailbox_read')
  return reachMailbox(app, caller, idOrAddress)
}

/** Like `findMailbox`, for what is done inside a mailbox: the permission asked for is that of the doing. */
export async function reachMailbox(app: App, caller: Caller, idOrAddress: string): Promise<Mailbox> {
  const mailbox = await lookUp(app, caller, idOrAddress)
  if (!mailbox || !reaches(caller, mailbox)) throw notFound('mailbox')
  return mailbox
}

async function lookUp(app: App, caller: Caller, idOrAddress: string): Promise<Mailbox | undefined> {
  if (isUuid(idOrAddress)) return app.store.read.mailboxes.get(caller.orgId, idOrAddress as MailboxId)
  const address = canonicalOrNone(idOrAddress)
  return address ? app.store.read.mailboxes.byAddress(address) : undefined
}

/** The addresses of mailboxes that something in the caller's reach names. */
export async function addressesOf(app: App, ids: readonly MailboxId[]): Promise<Map<MailboxId, string>> {
  const places = await app.store.read.mailboxes.placesOf([...new Set(ids)])
  return new Map([...places].map(([id, { address }]) => [id, address]))
}

/** The mailboxes the caller may see, newest first. */
export async function listMailboxes(app: App, caller: Caller, page: MailboxPage): Promise<Page<Mailbox>> {
  demand(caller, 'mailbox_read')
  return app.store.read.mailboxes.list(reachOf(caller), page)
}

/** Changes what is given: null clears the display name, or all notes. */
export async function updateMailbox(
  app: App,
  caller: Caller,
  idOrAddress: string,
  change: Pick<MailboxChange, 'displayName' | 'mergeMetadata'>,
): Promise<Mailbox> {
  const name = change.displayName === undefined ? {} : { displayName: checkDisplayName(change.displayName) }
  const notes = change.mergeMetadata
  if (notes) checkMetadata(notes)
  const checked = { ...name, ...(notes !== undefined && { mergeMetadata: notes }) }
  demand(caller, 'mailbox_update')
  const { id, orgId } = await reachMailbox(app, caller, idOrAddress)
  return app.store.run('mailboxes.update', { orgId, id, change: checked })
}

/** Deletes a mailbox with everything in it; with `unlessUnhandled`, refuses as `in_use` while mail in it waits to be handled. */
export async function deleteMailbox(
  app: App,
  caller: Caller,
  idOrAddress: string,
  { unlessUnhandled = false }: { unlessUnhandled?: boolean } = {},
): Promise<Mailbox> {
  demand(caller, 'mailbox_delete')
  const mailbox = await reachMailbox(app, caller, idOrAddress)
  const { id, orgId } = mailbox
  await app.store.run('mailboxes.delete', { orgId, id, unlessUnhandled })
  return mailbox
}
