import { splitTag } from '../../protocol/address/normalize.ts'
import type { App } from '../app.ts'
import { Failure, notFound } from '../errors.ts'
import { canonicalOrNone } from './canonical.ts'
import type { Mailbox } from './model.ts'

/**
 * The mailbox an envelope recipient leads to: its exact address, else the address without its `+tag`.
 * Refuses with `relay_denied` (not our domain), `not_found` (nobody there) or `disabled`.
 */
export async function resolveRecipient(app: App, address: string): Promise<Mailbox> {
  const canonical = canonicalOrNone(address)
  const at = canonical?.lastIndexOf('@') ?? -1
  if (!canonical || at < 1) throw notFound('mailbox')
  const mailbox = await lookUp(app, canonical, at)
  if (!mailbox) {
    if (await app.store.read.domains.isLocal(canonical.slice(at + 1))) throw notFound('mailbox')
    throw new Failure('relay_denied', 'We do not relay')
  }
  if (!mailbox.enabled) throw new Failure('disabled', 'This mailbox takes no mail')
  return mailbox
}

async function lookUp(app: App, canonical: string, at: number): Promise<Mailbox | undefined> {
  const exact = await app.store.read.mailboxes.byAddress(canonical)
  if (exact) return exact
  const { base, tag } = splitTag(canonical.slice(0, at))
  return tag === null ? undefined : app.store.read.mailboxes.byAddress(base + canonical.slice(at))
}
