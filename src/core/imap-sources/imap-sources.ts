import { type Caller, demand } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { Failure, invalid, notFound } from '../errors.ts'
import { type ImapSourceId, isUuid, newId } from '../ids.ts'
import { reachMailbox } from '../mailboxes/mailboxes.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import type { Page, PageRequest } from '../paging.ts'
import type { ImapSource } from './model.ts'
import { sealPassword } from './password.ts'
import { checkFields, needsPassword, type SourceFields } from './rules.ts'

type Required = 'host' | 'username' | 'password'

export interface CreateImapSource extends Pick<SourceFields, Required>, Partial<Omit<SourceFields, Required>> {
  /** One of the maker's own; a UUID. */
  id?: string
}

const defaults = {
  port: 993,
  useSsl: true,
  folder: 'INBOX',
  fetchIntervalMinutes: 5,
  afterFetchAction: 'none',
} as const

/** Adds a source to a mailbox. Nobody logs in yet: whether the password is right shows with the first fetch. */
export async function createImapSource(
  app: App,
  caller: Caller,
  mailbox: string,
  { id: given, ...fields }: CreateImapSource,
): Promise<ImapSource> {
  const { password, ...rest } = checkFields({ ...defaults, ...fields })
  const id = given === undefined ? newId<ImapSourceId>() : checkId(given)
  demand(caller, 'mailbox_update')
  const { id: mailboxId, orgId } = await reachMailbox(app, caller, mailbox)
  await app.imap.check(rest.host, rest.port)
  const sealed = sealPassword(app, id, password)
  return app.store.run('imap-sources.create', { id, orgId, mailboxId, ...rest, ...sealed })
}

function checkId(text: string): ImapSourceId {
  const id = text.toLowerCase()
  if (!isUuid(id)) throw invalid('id', 'must be a UUID')
  return id as ImapSourceId
}

/** The sources of a mailbox, oldest first. */
export async function listImapSources(
  app: App,
  caller: Caller,
  mailbox: string,
  page: PageRequest,
): Promise<Page<ImapSource>> {
  demand(caller, 'mailbox_read')
  const { id } = await reachMailbox(app, caller, mailbox)
  return app.store.read.imapSources.list(id, page)
}

/**
 * Changes what is given. Another host, port or user, or no TLS from the first byte on, takes the password along: nobody may have the
 * stored one sent to a server of his own.
 */
export async function updateImapSource(
  app: App,
  caller: Caller,
  mailbox: string,
  id: ImapSourceId,
  fields: Partial<SourceFields>,
): Promise<ImapSource> {
  const { password, ...change } = checkFields(fields)
  demand(caller, 'mailbox_update')
  const { source } = await reachSource(app, caller, mailbox, id)
  const after = { ...source, ...change }
  if (password === undefined && needsPassword(source, after)) {
    throw invalid('password', 'must be given with another host, port or username, or when useSsl is switched off')
  }
  if (source.host !== after.host || source.port !== after.port) await app.imap.check(after.host, after.port)
  const sealed = password === undefined ? {} : sealPassword(app, id, password)
  const { mailboxId, updatedAt } = source
  return app.store.run('imap-sources.update', { mailboxId, id, seen: updatedAt, change: { ...change, ...sealed } })
}

/** Ends a source; what came through it stays. */
export async function deleteImapSource(app: App, caller: Caller, mailbox: string, id: ImapSourceId): Promise<void> {
  demand(caller, 'mailbox_update')
  const { source } = await reachSource(app, caller, mailbox, id)
  await app.store.run('imap-sources.delete', { mailboxId: source.mailboxId, id })
}

/** A source of a mailbox that the caller reaches; anything else is not found. */
export async function reachSource(
  app: App,
  caller: Caller,
  mailboxName: string,
  id: ImapSourceId,
): Promise<{ mailbox: Mailbox; source: ImapSource }> {
  const mailbox = await reachMailbox(app, caller, mailboxName)
  const source = await app.store.read.imapSources.get(mailbox.id, id)
  if (!source) throw notFound('IMAP source')
  return { mailbox, source }
}

/** Refuses to fetch into a mailbox that takes no mail. */
export function demandEnabled({ enabled }: Pick<Mailbox, 'enabled'>): void {
  if (!enabled) throw new Failure('disabled', 'This inbox is disabled')
}
