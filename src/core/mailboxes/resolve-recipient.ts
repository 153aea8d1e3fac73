import { splitTag } from '../../protocol/address/normalize.ts'
import type { App } from '../app.ts'
import { Failure, notFound } from '../errors.ts'
import type { DeliveryId } from '../ids.ts'
import { deliveryIn } from '../outbound/return-path.ts'
import { canonicalOrNone } from './canonical.ts'
import { catchAllOf } from './catch-all.ts'
import { isGenuineHook, isHookShaped } from './hook-address.ts'
import { isReserved } from './local-part.ts'
import type { Mailbox } from './model.ts'
import { operatorMailbox } from './operator-mailbox.ts'

/** Reports come within days; a return path that is older only serves those who collect addresses. */
const RETURN_PATH_MS = 60 * 24 * 3_600_000

/**
 * The mailbox an envelope recipient leads to: its exact address, else the address without its `+tag`, else what catches all of the
 * domain; for a return path of ours, the mailbox whose mail it stands for. Refuses with `relay_denied` (not our domain), `not_found`
 * (nobody there) or `disabled`.
 */
export async function resolveRecipient(app: App, address: string): Promise<Mailbox> {
  const canonical = canonicalOrNone(address)
  const at = canonical?.lastIndexOf('@') ?? -1
  if (!canonical || at < 1) throw notFound('mailbox')
  // First: whoever has seen a return path must not get its reports by making a mailbox of that name.
  const delivery = deliveryIn(app, canonical)
  if (delivery) return senderOf(app, delivery)
  if (isForgedHook(app, canonical, at)) throw notFound('mailbox')
  const mailbox = (await lookUp(app, canonical, at)) ?? (await forUnknown(app, canonical, at))
  if (!mailbox.enabled) throw new Failure('disabled', 'This mailbox takes no mail')
  return mailbox
}

async function forUnknown(app: App, canonical: string, at: number): Promise<Mailbox> {
  const [localPart, domain] = [canonical.slice(0, at), canonical.slice(at + 1)]
  if (!(await app.store.read.domains.isLocal(domain))) throw new Failure('relay_denied', 'We do not relay')
  if (isReserved(localPart)) return operatorMailbox(app)
  // What was mailed to the hook of somebody who is gone is nobody else's.
  const caught = isHookShaped(localPart) ? undefined : await catchAllOf(app, domain)
  if (!caught) throw notFound('mailbox')
  return caught
}

// Told from its text: whoever tries addresses costs us no look at the store, and learns nothing.
function isForgedHook(app: App, canonical: string, at: number): boolean {
  const localPart = canonical.slice(0, at)
  const ours = canonical.slice(at + 1) === app.settings.mailDomain && isHookShaped(localPart)
  return ours && !isGenuineHook(app, localPart)
}

// Even a disabled mailbox hears what became of its own mail.
async function senderOf(app: App, id: DeliveryId): Promise<Mailbox> {
  const delivery = await app.store.read.outbound.get(id)
  const fresh = delivery && delivery.createdAt > app.clock.now() - RETURN_PATH_MS
  const mailbox = fresh && (await app.store.read.mailboxes.get(delivery.orgId, delivery.mailboxId))
  if (!mailbox) throw notFound('mailbox')
  return mailbox
}

async function lookUp(app: App, canonical: string, at: number): Promise<Mailbox | undefined> {
  const exact = await app.store.read.mailboxes.byAddress(canonical)
  if (exact) return exact
  const { base, tag } = splitTag(canonical.slice(0, at))
  return tag === null ? undefined : app.store.read.mailboxes.byAddress(base + canonical.slice(at))
}
